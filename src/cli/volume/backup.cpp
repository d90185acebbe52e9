#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "image/tree_archive.hpp"
#include "support/byte_size.hpp"
#include "support/error.hpp"
#include "support/whole_file.hpp"
#include "volumes/snapshots.hpp"

namespace stack::cli {

namespace {

image::Compression compression_for(const std::string& file) {
    if (file == "-" || file.ends_with(".zst") || file.ends_with(".tzst")) {
        return image::Compression::zstd;
    }
    return file.ends_with(".gz") || file.ends_with(".tgz") ? image::Compression::gzip : image::Compression::none;
}

std::int64_t write_file(const std::filesystem::path& folder, const std::string& file) {
    WholeFile out{file};
    const std::int64_t bytes = image::write_tree_archive(folder, out.fd(), compression_for(file));
    out.publish();
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
