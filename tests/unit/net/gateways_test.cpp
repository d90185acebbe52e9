#include "net/gateways.hpp"

#include <catch2/catch.hpp>

using namespace stack::net;

TEST_CASE("the default routes go through the highest gw_priority, then the first, each family by itself",
          "[net][gateways]") {
    CHECK_FALSE(choose_gateways({}).v4.has_value());
    CHECK_FALSE(choose_gateways({{false, false, 9}}).v4.has_value());
    CHECK(choose_gateways({{true, false, 0}, {true, false, 0}}).v4 == 0);
    CHECK(choose_gateways({{true, false, 0}, {true, false, 1}}).v4 == 1);
    CHECK(choose_gateways({{true, false, -1}, {true, false, 0}}).v4 == 1);
    const GatewayChoice apart = choose_gateways({{true, false, 0}, {false, true, 0}});
    CHECK(apart.v4 == 0);
    CHECK(apart.v6 == 1);
}

TEST_CASE("an internal network and one without gateway lead nowhere", "[net][gateways]") {
    Network network;
    network.pools.push_back({Subnet::parse("10.1.0.0/16"), IpAddress::parse("10.1.0.1"), {}, {}});
    CHECK(candidate_of(network, 3).gateway_v4);
    CHECK_FALSE(candidate_of(network, 3).gateway_v6);
    CHECK(candidate_of(network, 3).priority == 3);
    network.internal = true;
    CHECK_FALSE(candidate_of(network, 0).gateway_v4);
    network.internal = false;
    network.pools[0].gateway.reset();
    CHECK_FALSE(candidate_of(network, 0).gateway_v4);
}
