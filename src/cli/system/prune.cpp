#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "cli/object_filter.hpp"
#include "cli/sweep.hpp"
#include "cli/time_arg.hpp"
#include "cli/verbs.hpp"
#include "support/byte_size.hpp"

namespace stack::cli {

namespace {

struct Wishes {
    FilterWords words;
    FilterWords labels;  ///< volumes know no age
    std::int64_t unused_seconds{0};
};

Wishes read_wishes(const Flags& flags) {
    Wishes wishes{.words = flags.values("filter"), .labels = {}};
    for (const ObjectFilter& filter : parse_filters(wishes.words, {"until", "label", "label!"})) {
        if (filter.key != "until") {
            wishes.labels.push_back(filter.key + "=" + filter.value);
            continue;
        }
        if (flags.on("volumes")) {
            throw UsageError{"the filter 'until' cannot be used with --volumes: volumes have no age"};
        }
        using namespace std::chrono;
        const auto moment = seconds{parse_moment(filter.value, "filter") / nanoseconds{1s}.count()};
        const auto now = duration_cast<seconds>(system_clock::now().time_since_epoch());
        wishes.unused_seconds = std::max<std::int64_t>(0, (now - moment).count());
    }
    return wishes;
}

std::string warning(bool all, bool volumes) {
    return fmt::format(
        "This will remove:\n"
        "  - all stopped containers\n"
        "  - all networks not used by at least one container\n"
        "{}"
        "  - all {}\n"
        "  - {} build cache\n",
        volumes ? "  - all anonymous volumes not used by at least one container\n" : "",
        all ? "images without at least one container associated to them" : "dangling images", all ? "all" : "unused");
}

}  // namespace

int system_prune(Context& context, const Flags& flags) {
    const Wishes wishes = read_wishes(flags);
    const bool all = flags.on("all");
    const bool volumes = flags.on("volumes");
    if (!flags.on("force") && !confirmed(warning(all, volumes))) {
        return 0;
    }
    std::int64_t freed = sweep_containers(context, wishes.words);  // first: they hold the others
    sweep_networks(context, wishes.words);
    if (volumes) {
        freed += sweep_volumes(context, wishes.labels, false);
    }
    freed += sweep_images(context, wishes.words, all);
    if (wishes.labels.empty()) {  // steps have no labels, so none of them is meant
        freed += sweep_builds(context, wishes.unused_seconds, all);
    }
    fmt::print("Total reclaimed space: {}\n", format_decimal_size(Bytes{freed}));
    return 0;
}

}  // namespace stack::cli
