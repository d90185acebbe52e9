// Beside other rule sets of the host: Docker's, the user's.
#include <utility>

#include <catch2/catch.hpp>

#include "integration/net/test_host.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::net;
using namespace stack::test;

namespace {

/// The filter table as Docker leaves it: everything that is forwarded is dropped, but for what DOCKER-USER accepts.
void play_docker(const TestHost& host) {
    for (const char* tool : {"iptables", "ip6tables"}) {
        run_inside(host.netns(), {tool, "-P", "FORWARD", "DROP"});
        run_inside(host.netns(), {tool, "-N", "DOCKER-USER"});
        run_inside(host.netns(), {tool, "-A", "DOCKER-USER", "-j", "RETURN"});
        run_inside(host.netns(), {tool, "-I", "FORWARD", "-j", "DOCKER-USER"});
    }
}

std::string docker_user(const TestHost& host, const char* tool = "iptables") {
    return run_inside(host.netns(), {tool, "-S", "DOCKER-USER"});
}

const std::string untouched = "-N DOCKER-USER\n-A DOCKER-USER -j RETURN\n";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Docker's FORWARD policy does not stop our networks, and its chain ends as it was", "[net][coexistence]") {
    TestHost host;
    play_docker(host);
    REQUIRE(docker_user(host) == untouched);
    {
        const Network network = host.network({.name = "front"});
        const Network named =
            host.network({.name = "named", .driver_opts = {{"com.docker.network.bridge.name", "mybridge"}}});
        TestContainer web{host, "web"}, other{host, "other"};
        const Endpoint endpoint = web.join(network);
        web.publish(endpoint, 8000, 80);
        const Endpoint second = other.join(named);
        other.publish(second, 8001, 80);
        const EchoServer outside{host.lan_netns(), 7000, "lan"}, site{web.netns(), 80, "site"},
            more{other.netns(), 80, "more"};
        INFO(docker_user(host));
        CHECK(has(docker_user(host), "-i stk" + host.store.tag() + "+"));
        CHECK(has(docker_user(host, "ip6tables"), "-o stk" + host.store.tag() + "+"));
        CHECK(has(docker_user(host), "-i mybridge "));
        CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
        CHECK(ask(host.lan_netns(), "192.0.2.1", 8000) == "192.0.2.2 site");
        CHECK(ask(host.lan_netns(), "192.0.2.1", 8001) == "192.0.2.2 more");
        // What is let through there is still judged by our own table.
        CHECK(ask(web.netns(), to_string(*second.ipv4), 80, false, 300) == "timeout");
        const std::string once = docker_user(host);
        host.firewall.ensure({network});
        CHECK(docker_user(host) == once);

        // Somebody empties the chain: the watch tells, and the rules come back.
        FirewallWatch watch{host.firewall.table()};
        run_inside(host.netns(), {"iptables", "-F", "DOCKER-USER"});
        CHECK(ask(web.netns(), "192.0.2.2", 7000, false, 300) == "timeout");
        CHECK(watch.handle());
        host.firewall.restore();
        CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
        run_inside(host.netns(), {"iptables", "-A", "DOCKER-USER", "-j", "RETURN"});
    }
    CHECK(host.firewall.remove_if_unused());
    CHECK(docker_user(host) == untouched);
    CHECK(docker_user(host, "ip6tables") == untouched);
}

TEST_CASE("Docker that starts after us does not cut our containers off", "[net][coexistence]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"};
    web.join(network);
    const EchoServer outside{host.lan_netns(), 7000, "lan"};
    FirewallWatch watch{host.firewall.table()};
    play_docker(host);
    CHECK(ask(web.netns(), "192.0.2.2", 7000, false, 300) == "timeout");
    CHECK(watch.handle());
    CHECK_FALSE(host.firewall.restore());  // our own table was whole
    CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
}

TEST_CASE("ufw's FORWARD policy does not stop our networks, and its chains end as they were", "[net][coexistence]") {
    TestHost host;
    const auto chain_of = [](const std::string& tool) {
        return std::string{tool == "iptables" ? "ufw-user-forward" : "ufw6-user-forward"};
    };
    for (const char* tool : {"iptables", "ip6tables"}) {
        run_inside(host.netns(), {tool, "-P", "FORWARD", "DROP"});
        run_inside(host.netns(), {tool, "-N", chain_of(tool)});
        run_inside(host.netns(), {tool, "-A", "FORWARD", "-j", chain_of(tool)});
    }
    {
        const Network network = host.network({.name = "front"});
        TestContainer web{host, "web"};
        web.publish(web.join(network), 8000, 80);
        const EchoServer outside{host.lan_netns(), 7000, "lan"}, site{web.netns(), 80, "site"};
        CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
        CHECK(ask(host.lan_netns(), "192.0.2.1", 8000) == "192.0.2.2 site");
        // `ufw reload` empties its chains.
        FirewallWatch watch{host.firewall.table()};
        run_inside(host.netns(), {"iptables", "-F", "ufw-user-forward"});
        CHECK(watch.handle());
        host.firewall.restore();
        CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
    }
    CHECK(host.firewall.remove_if_unused());
    for (const char* tool : {"iptables", "ip6tables"}) {
        CHECK(run_inside(host.netns(), {tool, "-S", chain_of(tool)}) == "-N " + chain_of(tool) + "\n");
    }
}

TEST_CASE("bridged packets that meet Docker's policy get through inside one network", "[net][coexistence]") {
    TestHost host;
    play_docker(host);
    // Where br_netfilter is loaded: packets inside a bridge meet the rules for forwarded ones.
    if (find_file("/proc/sys/net/bridge/bridge-nf-call-iptables")) {
        write_file("/proc/sys/net/bridge/bridge-nf-call-iptables", "1");
    }
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"}, client{host, "client"};
    const Endpoint endpoint = web.join(network);
    const Endpoint asking = client.join(network);
    web.publish(endpoint, 8000, 80);
    const EchoServer site{web.netns(), 80, "site"};
    CHECK(ask(client.netns(), to_string(*endpoint.ipv4), 80) == to_string(*asking.ipv4) + " site");
    CHECK(ask(client.netns(), "192.0.2.1", 8000) == to_string(*endpoint.gateway_v4) + " site");
    CHECK(ask(web.netns(), "192.0.2.1", 8000) == to_string(*endpoint.gateway_v4) + " site");
}

TEST_CASE("elements that somebody takes out of our sets come back", "[net][coexistence]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"};
    web.publish(web.join(network), 8000, 80);
    const EchoServer site{web.netns(), 80, "site"};
    const std::string before = list_table(host.firewall.table());
    FirewallWatch watch{host.firewall.table()};
    for (const auto& [kind, name] : {std::pair{"map", "any4"}, {"set", "bridges"}, {"set", "subnets4"}}) {
        CAPTURE(name);
        run_inside(host.netns(), {"nft", "flush", kind, "inet", host.firewall.table(), name});
        CHECK(list_table(host.firewall.table()) != before);
        CHECK(watch.handle());
        CHECK(host.firewall.restore());
        CHECK(list_table(host.firewall.table()) == before);
        CHECK_FALSE(host.firewall.restore());
        watch.handle();
    }
    CHECK(ask(host.lan_netns(), "192.0.2.1", 8000) == "192.0.2.2 site");
}
