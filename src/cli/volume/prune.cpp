#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "cli/event_text.hpp"
#include "cli/object_filter.hpp"
#include "cli/sweep.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "support/byte_size.hpp"

namespace stack::cli {

namespace {

std::vector<ObjectFilter> read_filters(const FilterWords& words) {
    return parse_filters(words, {"label", "label!", "all"});
}

}  // namespace

std::int64_t sweep_volumes(Context& context, const FilterWords& words, bool all) {
    const auto filters = read_filters(words);
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
    return pruned.bytes;
}

int prune_volumes(Context& context, const Flags& flags) {
    const auto words = flags.values("filter");
    bool all = flags.on("all");
    for (const ObjectFilter& filter : read_filters(words)) {
        all = all || (filter.key == "all" && filter_flag(filter));
    }
    const std::string which = all ? "all" : "anonymous";
    if (!flags.on("force") &&
        !confirmed(fmt::format("This will remove {} local volumes not used by at least one container.", which))) {
        return 0;
    }
    const std::int64_t freed = sweep_volumes(context, words, all);
    fmt::print("Total reclaimed space: {}\n", format_decimal_size(Bytes{freed}));
    return 0;
}

}  // namespace stack::cli
