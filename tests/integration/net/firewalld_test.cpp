// Beside firewalld, the real one: whose zone are our links in, and who gets through.
#include "net/firewalld.hpp"

#include <algorithm>
#include <functional>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/net/firewalld_host.hpp"
#include "integration/net/test_host.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::net;
using namespace stack::test;

namespace {

std::string interfaces_of(const FirewalldHost& firewalld, const std::string& zone) {
    const std::string out = firewalld.command({"--zone=" + zone, "--list-interfaces"});
    auto names = split(trim(out), ' ');
    std::sort(names.begin(), names.end(), std::greater<>{});
    return fmt::format("{}", fmt::join(names, " "));
}

/// As a worker answers to what the watch tells.
void answer(Firewall& firewall) {
    firewall.restore();
    if (const auto placement = firewall.placement()) {
        place_in_firewalld(*placement, testing::patience);
    }
}

}  // namespace

TEST_CASE("firewalld lets our networks through while they are there, and only then", "[net][coexistence]") {
    const auto firewalld = FirewalldHost::find();
    if (!firewalld) {
        return;
    }
    TestHost host;
    firewalld->start();
    host.give_lan_ipv6();
    const std::string ours = "stk" + host.store.tag() + "+";
    {
        const Network network = host.network({.name = "front", .enable_ipv6 = true});
        const Network named =
            host.network({.name = "named", .driver_opts = {{"com.docker.network.bridge.name", "mybridge"}}});
        {
            TestContainer web{host, "web"}, other{host, "other"};
            const Endpoint endpoint = web.join(network);
            const Endpoint second = other.join(named);
            web.publish(endpoint, 8000, 80);
            const EchoServer outside{host.lan_netns(), 7000, "lan"}, site{web.netns(), 80, "site"},
                more{other.netns(), 80, "more"};
            CHECK(interfaces_of(*firewalld, "trusted") == ours + " mybridge");
            CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
            CHECK(ask(web.netns(), "fd00:beef::2", 7000) == "fd00:beef::1 lan");
            CHECK(ask(other.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
            CHECK(ask(host.lan_netns(), "192.0.2.1", 8000) == "192.0.2.2 site");
            // What firewalld lets through is still judged by our own table.
            CHECK(ask(web.netns(), to_string(*second.ipv4), 80, false, 300) == "timeout");
            run_inside(host.lan_netns(), {"ip", "route", "add", to_string(*endpoint.ipv4) + "/32", "via", "192.0.2.1"});
            CHECK(ask(host.lan_netns(), to_string(*endpoint.ipv4), 80, false, 300) == "timeout");
            CHECK_FALSE(host.firewall.placement());  // nothing is left to say
        }
        remove_network(host.store, host.firewall, named);
        CHECK(interfaces_of(*firewalld, "trusted") == ours);
    }
    CHECK(host.firewall.remove_if_unused());
    CHECK(interfaces_of(*firewalld, "trusted").empty());
}

TEST_CASE("firewalld that starts, or starts again, after us lets our networks through", "[net][coexistence]") {
    const auto firewalld = FirewalldHost::find();
    if (!firewalld) {
        return;
    }
    TestHost host;
    const std::string backend = GENERATE("nftables", "iptables");
    CAPTURE(backend);
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"};
    web.join(network);
    const EchoServer outside{host.lan_netns(), 7000, "lan"};
    FirewallWatch watch{host.firewall.table()};
    CHECK_FALSE(host.firewall.placement());
    for (int round = 0; round < 2; ++round) {
        firewalld->start(backend);
        CHECK(ask(web.netns(), "192.0.2.2", 7000, false, 300) != "192.0.2.1 lan");
        CHECK(watch.handle());
        answer(host.firewall);
        CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
        firewalld->command({"--reload"});
        watch.handle();
        answer(host.firewall);
        CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
        firewalld->command({"--complete-reload"});
        watch.handle();
        answer(host.firewall);
        CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
        firewalld->stop();
        watch.handle();
        CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
    }
}

TEST_CASE("firewalld: a zone 'stack' of the user's is ours, and links that the user put elsewhere stay there",
          "[net][coexistence]") {
    const auto firewalld = FirewalldHost::find();
    if (!firewalld) {
        return;
    }
    TestHost host;
    firewalld->write_zone("stack", "<zone target='ACCEPT'><forward/></zone>");
    firewalld->start();
    firewalld->command({"--zone=dmz", "--add-interface=mybridge"});
    const std::string ours = "stk" + host.store.tag() + "+";
    {
        const Network network = host.network({.name = "front"});
        const Network named =
            host.network({.name = "named", .driver_opts = {{"com.docker.network.bridge.name", "mybridge"}}});
        TestContainer web{host, "web"};
        web.join(network);
        web.join(named);
        CHECK(interfaces_of(*firewalld, "stack") == ours);
        CHECK(interfaces_of(*firewalld, "trusted").empty());
        CHECK(interfaces_of(*firewalld, "dmz") == "mybridge");
    }
    CHECK(host.firewall.remove_if_unused());
    CHECK(interfaces_of(*firewalld, "stack").empty());
    CHECK(interfaces_of(*firewalld, "dmz") == "mybridge");
}

TEST_CASE("where no firewalld rules, the library for its bus is not even opened", "[net][coexistence]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    const bool was_open = read_file("/proc/self/maps").find("libsystemd.so") != std::string::npos;
    {
        TestContainer web{host, "web"};
        web.join(network);
    }
    host.firewall.remove_if_unused();
    const bool is_open = read_file("/proc/self/maps").find("libsystemd.so") != std::string::npos;
    CHECK(is_open == was_open);
}
