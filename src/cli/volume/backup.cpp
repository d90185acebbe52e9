#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "image/tree_archive.hpp"
#include "support/byte_size.hpp"
#include "support/error.hpp"
#include "support/random.hpp"
#include "support/rollback.hpp"
#include "volumes/snapshots.hpp"

namespace stack::cli {

namespace {

image::Compression compression_for(const std::string& file) {
    if (file == "-" || file.ends_with(".zst") || file.ends_with(".tzst")) {
        return image::Compression::zstd;
    }
    return file.ends_with(".gz") || file.ends_with(".tgz") ? image::Compression::gzip : image::Compression::none;
}

/// Under a name of its own until it is whole and on disk: a kill leaves the older backup as it was.
std::int64_t write_file(const std::filesystem::path& folder, const std::string& file) {
    const std::string half = fmt::format("{}.{}.part", file, random_hex(4));
    Rollback undo;
    const UniqueFd out{check(::open(half.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
                             [&] { return fmt::format("make the file '{}'", half); })};
    undo.on_failure([&] { ::unlink(half.c_str()); });
    const std::int64_t bytes = image::write_tree_archive(folder, out.get(), compression_for(file));
    check(::fsync(out.get()), [&] { return fmt::format("write '{}' to disk", half); });
    check(::rename(half.c_str(), file.c_str()), [&] { return fmt::format("rename '{}' to '{}'", half, file); });
    undo.keep();
    return bytes;
}

}  // namespace

int backup_volume(Context& context, const Flags& flags) {
    const std::string& file = flags.words()[1];
    const VolumeRoom room{context.paths};
    const volumes::Volume volume = room.store.get(flags.words()[0]);
    if (file == "-" && ::isatty(STDOUT_FILENO) != 0) {
        throw UsageError{"the archive will not be written to a terminal: name a file, or redirect standard output"};
    }
    volumes::sweep_staged_trees(context.paths);
    const volumes::StagedTree copy{context.paths};
    {
        std::optional<HeldStill> still;
        if (!flags.on("live")) {
            still.emplace(context.paths, room, volume);
        }
        copy.copy_from(room.store.prepare(volume));
    }
    if (file == "-") {
        image::write_tree_archive(copy.data(), STDOUT_FILENO, compression_for(file));
        return 0;
    }
    const std::int64_t bytes = write_file(copy.data(), file);
    fmt::print("{}: {} of '{}'\n", file, format_decimal_size(Bytes{bytes}), volume.name);
    return 0;
}

}  // namespace stack::cli
