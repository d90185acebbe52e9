// Networks that share the host's own LAN, and limits of the kernel.
#include <catch2/catch.hpp>
#include <linux/netlink.h>

#include "harness/eventually.hpp"
#include "integration/net/test_host.hpp"
#include "net/netlink/links.hpp"
#include "net/netns.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::net;
using namespace stack::test;

namespace {

NetworkRequest on_lan(const std::string& driver) {
    NetworkRequest request;
    request.name = "lan";
    request.driver = driver;
    request.driver_opts = {{"parent", "lan0"}};
    request.pools = {{"192.0.2.0/24", "192.0.2.254", "192.0.2.128/25", {}}};
    return request;
}

}  // namespace

TEST_CASE("a macvlan container is a host on the LAN, with an address of its range", "[net][macvlan]") {
    TestHost host;
    const Network network = host.network(on_lan("macvlan"));
    TestContainer web{host, "web"};
    const Endpoint endpoint = web.join(network);
    CHECK(endpoint.host_link.empty());
    CHECK(to_string(*endpoint.ipv4) == "192.0.2.128");
    const EchoServer site{web.netns(), 80, "site"}, outside{host.lan_netns(), 7000, "lan"};
    CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.128 lan");
    CHECK(ask(host.lan_netns(), "192.0.2.128", 80) == "192.0.2.2 site");
    detach(web.netns(), host.store, endpoint);
    const auto inside = run_in_netns(web.netns(), [] { return link_names(); });
    CHECK(inside == std::vector<std::string>{"lo"});
}

TEST_CASE("a macvlan network whose parent is not there says so, and leases nothing", "[net][macvlan]") {
    TestHost host;
    auto request = on_lan("macvlan");
    request.driver_opts["parent"] = "eno99";
    const Network network = host.network(request);
    TestContainer web{host, "web"};
    CHECK_THROWS_WITH(web.join(network), Catch::Contains("has the parent 'eno99', which this host does not have"));
    CHECK(host.store.endpoints().empty());
}

TEST_CASE("an ipvlan container is on the LAN where the kernel has ipvlan, else the error says that it has not",
          "[net][ipvlan]") {
    TestHost host;
    const Network network = host.network(on_lan("ipvlan"));
    TestContainer web{host, "web"};
    try {
        web.join(network);
        const EchoServer outside{host.lan_netns(), 7000, "lan"};
        CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.128 lan");
    } catch (const Error& error) {
        CHECK(error.code() == Errc::unsupported);
        CHECK(std::string{error.what()} == "cannot connect to network 'lan': this kernel has no ipvlan");
        CHECK(host.store.endpoints().empty());
    }
}

TEST_CASE("the 1024th port of a bridge is refused with a sentence, and leaves nothing", "[net][limit]") {
    TestHost host;
    const Network network = host.network({.name = "crowd"});
    netlink::Socket socket{NETLINK_ROUTE};
    const int bridge = *netlink::find_link_index(socket, network.link);
    UniqueFd aside = make_netns();
    constexpr int most = 1023;
    for (int i = 0; i < most; ++i) {
        const std::string name = "full" + std::to_string(i);
        std::vector<netlink::Message> one;
        one.push_back(netlink::add_veth({name, name, bridge, aside.get(), MacAddress::random(), 0}));
        socket.execute(one);
    }
    TestContainer web{host, "web"};
    CHECK_THROWS_WITH(web.join(network), Catch::Contains("network 'crowd' is full: a bridge has at most 1023 ports"));
    CHECK(host.store.endpoints().empty());
    aside.reset();  // takes the links with it, all at once
    CHECK(testing::eventually([] { return link_names().size() == 3; }));
}

TEST_CASE("an sctp port is led to the container like the others", "[net][ports]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"};
    const Endpoint endpoint = web.join(network);
    web.publish(endpoint, 9000, 36412, "sctp");
    const std::string rules = list_table(host.firewall.table());
    CHECK(rules.find("sctp . 9000 : " + to_string(*endpoint.ipv4) + " . 36412") != std::string::npos);
}
