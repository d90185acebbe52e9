#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "net/endpoint.hpp"

namespace stack::net {

/// One place of a container in a network, as far as it matters for its default routes.
struct GatewayCandidate {
    bool gateway_v4{false}, gateway_v6{false};  ///< whether the network leads out by that family
    int priority{0};                            ///< gw_priority
};
GatewayCandidate candidate_of(const Network& network, int priority);

/// Which candidates the default routes go through, each family by itself: of those that lead out the one with the
/// highest priority, then the first.
struct GatewayChoice {
    std::optional<size_t> v4, v6;
};
GatewayChoice choose_gateways(const std::vector<GatewayCandidate>& candidates);

/// Moves the default routes of a namespace to these endpoints' gateways; nullptr takes the route of that family away.
void set_default_routes(int netns, const Endpoint* v4, const Endpoint* v6);

}  // namespace stack::net
