#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "cli/event_text.hpp"
#include "cli/object_filter.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "support/byte_size.hpp"

namespace stack::cli {

int prune_volumes(Context& context, const Flags& flags) {
    const auto filters = parse_filters(flags.values("filter"), {"label", "label!", "all"});
    bool all = flags.on("all");
    for (const ObjectFilter& filter : filters) {
        all = all || (filter.key == "all" && filter_flag(filter));
    }
    const std::string which = all ? "all" : "anonymous";
    if (!flags.on("force") &&
        !confirmed(fmt::format("This will remove {} local volumes not used by at least one container.", which))) {
        return 0;
    }
    VolumeRoom room{context.paths};
    const auto pruned = room.store.prune(room.users_of(), [&](const volumes::Volume& volume) {
        return (all || volume.anonymous) &&
               std::all_of(filters.begin(), filters.end(), [&](const ObjectFilter& filter) {
                   return filter.key == "all" || label_matches(volume.labels, filter.value) == (filter.key == "label");
               });
    });
    if (!pruned.volumes.empty()) {
        fmt::print("Deleted Volumes:\n");
        for (const volumes::Volume& volume : pruned.volumes) {
            record_event(context, "volume", "destroy", volume.name);
            fmt::print("{}\n", volume.name);
        }
        fmt::print("\n");
    }
    fmt::print("Total reclaimed space: {}\n", format_decimal_size(Bytes{pruned.bytes}));
    return 0;
}

}  // namespace stack::cli
