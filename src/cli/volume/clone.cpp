#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "volumes/snapshots.hpp"

namespace stack::cli {

int clone_volume(Context& context, const Flags& flags) {
    VolumeRoom room{context.paths};
    const volumes::Volume volume = room.store.get(flags.words()[0]);
    std::optional<HeldStill> still;
    if (!flags.on("live")) {
        still.emplace(context.paths, room, volume);
    }
    fmt::print("{}\n", volumes::clone_volume(room.store, volume, flags.words()[1]).name);
    return 0;
}

}  // namespace stack::cli
