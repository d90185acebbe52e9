#include <cstdio>

#include <fmt/format.h>

#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "volumes/snapshots.hpp"

namespace stack::cli {

int roll_back_volume(Context& context, const Flags& flags) {
    const VolumeRoom room{context.paths};
    const volumes::Volume volume = room.store.get(flags.words()[0]);
    room.require_nobody_runs(volume, "roll back");
    volumes::roll_back(room.store, volume, flags.words()[1]);
    fmt::print("{}\n", volume.name);
    return 0;
}

}  // namespace stack::cli
