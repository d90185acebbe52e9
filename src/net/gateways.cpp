#include "net/gateways.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include "net/netlink/links.hpp"
#include "net/netns.hpp"

namespace stack::net {
namespace {

std::optional<size_t> best(const std::vector<GatewayCandidate>& candidates, bool GatewayCandidate::*leads_out) {
    std::optional<size_t> found;
    for (size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].*leads_out && (!found || candidates[i].priority > candidates[*found].priority)) {
            found = i;
        }
    }
    return found;
}

}  // namespace

GatewayCandidate candidate_of(const Network& network, int priority) {
    const auto leads_out = [&](const Pool* pool) { return !network.internal && pool && pool->gateway.has_value(); };
    return {leads_out(network.pool_v4()), leads_out(network.pool_v6()), priority};
}

GatewayChoice choose_gateways(const std::vector<GatewayCandidate>& candidates) {
    return {best(candidates, &GatewayCandidate::gateway_v4), best(candidates, &GatewayCandidate::gateway_v6)};
}

void set_default_routes(int netns, const Endpoint* v4, const Endpoint* v6) {
    netlink::Socket inside = run_in_netns(netns, [] { return netlink::Socket{NETLINK_ROUTE}; });
    std::vector<netlink::Message> batch;
    batch.push_back(netlink::remove_default_route(AF_INET));
    batch.push_back(netlink::remove_default_route(AF_INET6));
    const auto add = [&](const Endpoint* endpoint, std::optional<IpAddress> Endpoint::*gateway) {
        const auto index = endpoint ? netlink::find_link_index(inside, endpoint->ifname) : std::nullopt;
        if (index && endpoint->*gateway) {
            batch.push_back(netlink::add_default_route(*index, *(endpoint->*gateway)));
        }
    };
    add(v4, &Endpoint::gateway_v4);
    add(v6, &Endpoint::gateway_v6);
    inside.execute(batch);
}

}  // namespace stack::net
