#include "net/ipam.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "support/error.hpp"

using namespace stack;
using namespace stack::net;

namespace {

Pool pool_of(const std::string& subnet, PoolRequest request = {}) {
    return ipam::check_pool(request, Subnet::parse(subnet), true);
}

}  // namespace

TEST_CASE("automatic pools go from 172.17 to 172.31 and then through 192.168, past what is taken", "[net][ipam]") {
    std::vector<Subnet> taken;
    std::vector<std::string> chosen;
    for (int i = 0; i < 31; ++i) {
        taken.push_back(ipam::choose_pool_v4(taken));
        chosen.push_back(to_string(taken.back()));
    }
    CHECK(chosen.front() == "172.17.0.0/16");
    CHECK(chosen.at(14) == "172.31.0.0/16");
    CHECK(chosen.at(15) == "192.168.0.0/20");
    CHECK(chosen.back() == "192.168.240.0/20");
    CHECK_THROWS_WITH(ipam::choose_pool_v4(taken), "all 31 default address pools are used up");
    CHECK(to_string(ipam::choose_pool_v4({Subnet::parse("172.17.5.0/24"), Subnet::parse("172.16.0.0/12")})) ==
          "192.168.0.0/20");
}

TEST_CASE("automatic IPv6 pools are unique local ones and differ by seed", "[net][ipam]") {
    const Subnet one = ipam::choose_pool_v6({}, "a");
    CHECK(Subnet::parse("fd00::/8").contains(one));
    CHECK(one.prefix == 64);
    CHECK(ipam::choose_pool_v6({}, "b") != one);
    CHECK(ipam::choose_pool_v6({one}, "a") != one);
}

TEST_CASE("addresses are given out from the lowest, never the network's, broadcast, gateway or aux ones",
          "[net][ipam]") {
    PoolRequest request;
    request.gateway = "10.0.0.3";
    request.aux_addresses = {{"printer", "10.0.0.2"}};
    const Pool pool = pool_of("10.0.0.0/29", request);
    std::set<IpAddress> taken;
    std::vector<std::string> given;
    while (const auto next =
               ipam::next_address(pool, pool.subnet.base, [&](const IpAddress& a) { return taken.contains(a); })) {
        taken.insert(*next);
        given.push_back(to_string(*next));
    }
    CHECK(given == std::vector<std::string>{"10.0.0.1", "10.0.0.4", "10.0.0.5", "10.0.0.6"});
}

TEST_CASE("an ip_range limits what is given out but not what may be asked for", "[net][ipam]") {
    const Pool pool = pool_of("10.0.0.0/16", {.gateway = "10.0.0.1", .ip_range = "10.0.5.0/24"});
    const auto next = ipam::next_address(pool, pool.subnet.base, [](const IpAddress&) { return false; });
    CHECK(to_string(*next) == "10.0.5.0");
    CHECK_NOTHROW(ipam::check_static(pool, IpAddress::parse("10.0.200.7")));
    CHECK_THROWS_WITH(ipam::check_static(pool, IpAddress::parse("10.0.0.1")),
                      "address 10.0.0.1 is the network's gateway");
    CHECK_THROWS_WITH(ipam::check_static(pool, IpAddress::parse("10.0.255.255")),
                      "address 10.0.255.255 is no host address of subnet 10.0.0.0/16");
}

TEST_CASE("the gateway is the first address unless it is given", "[net][ipam]") {
    CHECK(to_string(*pool_of("10.1.0.0/24").gateway) == "10.1.0.1");
    CHECK(to_string(*pool_of("fd00:1::/64").gateway) == "fd00:1::1");
    CHECK(to_string(*pool_of("10.1.0.0/31").gateway) == "10.1.0.0");
    CHECK_FALSE(ipam::check_pool({}, Subnet::parse("10.1.0.0/24"), false).gateway);
}

TEST_CASE("pools that make no sense are refused with the reason", "[net][ipam]") {
    const Subnet subnet = Subnet::parse("10.1.0.0/24");
    CHECK_THROWS_WITH(ipam::check_pool({.gateway = "10.2.0.1"}, subnet, true),
                      "gateway 10.2.0.1 is no host address of subnet 10.1.0.0/24");
    CHECK_THROWS_WITH(ipam::check_pool({.ip_range = "10.2.0.0/28"}, subnet, true),
                      "ip_range 10.2.0.0/28 is not inside subnet 10.1.0.0/24");
    CHECK_THROWS_WITH(ipam::check_pool({.aux_addresses = {{"nas", "10.1.0.255"}}}, subnet, true),
                      "aux address 'nas' 10.1.0.255 is no host address of subnet 10.1.0.0/24");
}
