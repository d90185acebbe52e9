#include "cli/container/spec_flags.hpp"
#include "cli/network/network_room.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

namespace {

std::vector<desired::Link> links_of(const Flags& flags) {
    std::vector<desired::Link> links;
    for (const std::string& link : flags.values("link")) {
        const size_t colon = link.find(':');
        links.push_back({link.substr(0, colon), colon == std::string::npos ? link : link.substr(colon + 1)});
    }
    return links;
}

}  // namespace

int connect_network(Context& context, const Flags& flags) {
    desired::EndpointSpec endpoint;
    {
        const NetworkRoom room{context.paths};
        endpoint.network = room.store.get(flags.words()[0]).name;
    }
    endpoint.aliases = flags.values("alias");
    endpoint.driver_opts = map_of(flags.values("driver-opt"));
    endpoint.gw_priority = static_cast<int>(flags.number("gw-priority").value_or(0));
    endpoint.ipv4_address = flags.value_or("ip", "");
    endpoint.ipv6_address = flags.value_or("ip6", "");
    endpoint.link_local_ips = flags.values("link-local-ip");
    endpoint.mac_address = flags.value_or("mac-address", "");
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words()[1]);
    engine::SupervisorClient{context.paths, row.project}.connect_network(row.id, endpoint, links_of(flags));
    return 0;
}

}  // namespace stack::cli
