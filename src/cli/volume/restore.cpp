#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/container/spec_flags.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "image/tree_archive.hpp"
#include "support/error.hpp"
#include "volumes/snapshots.hpp"

namespace stack::cli {

namespace {

void require_replaceable(const VolumeRoom& room, const volumes::Volume& volume, bool replace) {
    const bool has_content =
        std::filesystem::exists(volume.mountpoint) && !std::filesystem::is_empty(volume.mountpoint);
    if (has_content && !replace) {
        throw Error(Errc::conflict, fmt::format("volume '{}' has content", volume.name))
            .hint("restore into another one, or say --replace to have that content replaced");
    }
    room.require_nobody_runs(volume, "restore");
}

}  // namespace

int restore_volume(Context& context, const Flags& flags) {
    const std::string& file = flags.words()[0];
    const std::string& name = flags.words()[1];
    volumes::check_volume_name(name);
    VolumeRoom room{context.paths};
    const bool replace = flags.on("replace");
    if (const auto there = room.store.find(name)) {
        require_replaceable(room, *there, replace);
    }
    UniqueFd opened;
    if (file != "-") {
        opened = UniqueFd{check(::open(file.c_str(), O_RDONLY | O_CLOEXEC),
                                [&] { return fmt::format("open the archive '{}'", file); })};
    }
    volumes::sweep_staged_trees(context.paths);
    volumes::StagedTree staged{context.paths};
    while_doing(fmt::format("restore volume '{}' from '{}'", name, file),
                [&] { image::read_tree_archive(opened ? opened.get() : STDIN_FILENO, staged.data()); });
    staged.sync();
    // Again, for that took its time.
    if (const auto there = room.store.find(name)) {
        require_replaceable(room, *there, replace);
        volumes::replace_content(*there, staged);
    } else {
        room.store.adopt(name, map_of(flags.values("label")), staged.data());
    }
    fmt::print("{}\n", name);
    return 0;
}

}  // namespace stack::cli
