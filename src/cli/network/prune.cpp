#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "cli/event_text.hpp"
#include "cli/network/network_room.hpp"
#include "cli/object_filter.hpp"
#include "cli/sweep.hpp"
#include "cli/time_arg.hpp"
#include "cli/verbs.hpp"
#include "engine/state/owners.hpp"
#include "net/endpoint.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

bool passes(const net::Network& network, const std::vector<ObjectFilter>& filters) {
    return std::all_of(filters.begin(), filters.end(), [&](const ObjectFilter& filter) {
        if (filter.key == "until") {
            return network.created_ns < parse_moment(filter.value, "filter");
        }
        return label_matches(network.labels, filter.value) == (filter.key == "label");
    });
}

}  // namespace

void sweep_networks(Context& context, const FilterWords& words) {
    const auto filters = parse_filters(words, {"until", "label", "label!"});
    NetworkRoom room{context.paths};
    net::remove_leftovers(room.store, [&] { return engine::network_owners(room.database); });
    std::vector<std::string> removed;
    for (const net::Network& network : room.store.list()) {
        if (network.standing || !passes(network, filters) || room.is_used(network)) {
            continue;
        }
        try {
            net::remove_network(room.store, room.firewall, network);
            removed.push_back(network.name);
            record_event(context, "network", "destroy", network.name);
        } catch (const Error& error) {
            if (error.code() != Errc::conflict) {  // somebody has begun to use it
                throw;
            }
        }
    }
    if (!removed.empty()) {
        fmt::print("Deleted Networks:\n{}\n\n", join(removed, "\n"));
    }
}

int prune_networks(Context& context, const Flags& flags) {
    const auto filters = flags.values("filter");
    parse_filters(filters, {"until", "label", "label!"});  // a wrong one is told before anybody is asked
    if (!flags.on("force") && !confirmed("This will remove all custom networks not used by at least one container.")) {
        return 0;
    }
    sweep_networks(context, filters);
    return 0;
}

}  // namespace stack::cli
