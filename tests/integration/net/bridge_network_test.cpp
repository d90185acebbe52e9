#include <catch2/catch.hpp>

#include "harness/process.hpp"
#include "integration/net/loop.hpp"
#include "integration/net/test_host.hpp"
#include "net/netns.hpp"
#include "net/ports.hpp"
#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::net;
using namespace stack::test;

TEST_CASE("a container reaches the LAN by masquerade and is reached by its published port", "[net]") {
    TestHost host;
    const Network network = host.network({.name = "blog_default"});
    TestContainer web{host, "web"};
    const Endpoint endpoint = web.join(network);
    web.publish(endpoint, 8000, 80);
    const EchoServer outside{host.lan_netns(), 7000, "lan"};
    CHECK(ask(web.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
    const EchoServer site{web.netns(), 80, "site"};
    const std::string gateway = to_string(*endpoint.gateway_v4);
    CHECK(ask(host.netns(), "127.0.0.1", 8000) == gateway + " site");
    CHECK(ask(host.netns(), "192.0.2.1", 8000) == "192.0.2.1 site");
    // The client's own address is seen.
    CHECK(ask(host.lan_netns(), "192.0.2.1", 8000) == "192.0.2.2 site");
    // Hairpin: a container asks for its own published port.
    CHECK(ask(web.netns(), "192.0.2.1", 8000) == gateway + " site");
    CHECK(ask(web.netns(), gateway, 8000) == gateway + " site");
}

TEST_CASE("containers of one network reach each other, of two networks only what is published", "[net]") {
    TestHost host;
    const Network front = host.network({.name = "front"});
    const Network back = host.network({.name = "back"});
    TestContainer web{host, "web"}, cache{host, "cache"}, db{host, "db"};
    const Endpoint web_front = web.join(front);
    const Endpoint cache_front = cache.join(front);
    const Endpoint db_back = db.join(back);
    const EchoServer site{web.netns(), 80, "site"}, rows{db.netns(), 3306, "rows"};
    CHECK(ask(cache.netns(), to_string(*web_front.ipv4), 80) == to_string(*cache_front.ipv4) + " site");
    CHECK(ask(web.netns(), to_string(*db_back.ipv4), 3306, false, 300) == "timeout");
    db.publish(db_back, 3306, 3306);
    CHECK(ask(web.netns(), "192.0.2.1", 3306) == to_string(*db_back.gateway_v4) + " rows");
    CHECK(ask(web.netns(), to_string(*db_back.ipv4), 3306, false, 300) == "timeout");
    // Connected to the second network, live.
    const Endpoint web_back = web.join(back, {.default_route_v4 = false, .default_route_v6 = false});
    CHECK(web_back.ifname == "eth1");
    CHECK(ask(web.netns(), to_string(*db_back.ipv4), 3306) == to_string(*web_back.ipv4) + " rows");
    detach(web.netns(), host.store, web_back);
    CHECK(ask(web.netns(), to_string(*db_back.ipv4), 3306, false, 300) == "timeout");
}

TEST_CASE("a host on the LAN cannot route into a bridge, and reaches a port published on 127.0.0.1 only from inside",
          "[net]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"};
    const Endpoint endpoint = web.join(network);
    const EchoServer site{web.netns(), 80, "site"};
    run_inside(host.lan_netns(), {"ip", "route", "add", "172.16.0.0/12", "via", "192.0.2.1"});
    CHECK(ask(host.lan_netns(), to_string(*endpoint.ipv4), 80, false, 300) == "timeout");
    web.publish(endpoint, 8000, 80, "tcp", IpAddress::parse("127.0.0.1"));
    CHECK(ask(host.netns(), "127.0.0.1", 8000) == to_string(*endpoint.gateway_v4) + " site");
    CHECK(ask(host.lan_netns(), "192.0.2.1", 8000) == "refused");
    CHECK(ask(host.lan_netns(), to_string(*endpoint.ipv4), 80, false, 300) == "timeout");
}

TEST_CASE("containers do not reach what listens on the host's 127.0.0.1", "[net]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"};
    web.join(network);
    const EchoServer secret{host.netns(), 9000, "secret"};
    run_inside(web.netns(), {"ip", "link", "set", "lo", "down"});
    run_inside(web.netns(), {"sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1"});
    run_inside(web.netns(), {"ip", "route", "del", "local", "127.0.0.0/8", "dev", "lo", "table", "local"});
    run_inside(web.netns(),
               {"ip", "route", "add", "127.0.0.1/32", "via", to_string(*host.store.endpoints().front().gateway_v4)});
    CHECK(ask(web.netns(), "127.0.0.1", 9000, false, 300) != "172.17.0.2 secret");
    const auto out = ask(web.netns(), "127.0.0.1", 9000, false, 300);
    CHECK((out == "timeout" || out == "unreachable"));
}

TEST_CASE("an internal network reaches nothing outside and is not reached, not even by a published port", "[net]") {
    TestHost host;
    const Network network = host.network({.name = "vault", .internal = true});
    TestContainer db{host, "db"}, web{host, "web"};
    const Endpoint db_endpoint = db.join(network);
    const Endpoint web_endpoint = web.join(network);
    const EchoServer rows{db.netns(), 3306, "rows"}, outside{host.lan_netns(), 7000, "lan"};
    CHECK(ask(web.netns(), to_string(*db_endpoint.ipv4), 3306) == to_string(*web_endpoint.ipv4) + " rows");
    CHECK(ask(web.netns(), "192.0.2.2", 7000, false, 300) == "unreachable");
    run_inside(web.netns(), {"ip", "route", "add", "default", "via", to_string(*web_endpoint.gateway_v4)});
    CHECK(ask(web.netns(), "192.0.2.2", 7000, false, 300) == "timeout");
    db.publish(db_endpoint, 3306, 3306);
    CHECK(ask(host.lan_netns(), "192.0.2.1", 3306, false, 300) == "timeout");
}

TEST_CASE("without icc containers of a network do not reach each other but the world", "[net]") {
    TestHost host;
    const Network network =
        host.network({.name = "flats", .driver_opts = {{"com.docker.network.bridge.enable_icc", "false"}}});
    TestContainer one{host, "one"}, two{host, "two"};
    const Endpoint first = one.join(network);
    two.join(network);
    const EchoServer site{one.netns(), 80, "site"}, outside{host.lan_netns(), 7000, "lan"};
    CHECK(ask(two.netns(), to_string(*first.ipv4), 80, false, 500) != "site");
    CHECK(ask(two.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
    one.publish(first, 8000, 80);
    Loop loop;
    const PortReservation port = reserve_port({}, 8000, "tcp");
    std::optional<PortRelay> relay;
    loop.run([&] { relay.emplace(loop.context, port, *first.ipv4, std::uint16_t{80}); });
    CHECK(ask(two.netns(), "192.0.2.1", 8000) == to_string(*first.gateway_v4) + " site");
    loop.run([&] { relay.reset(); });
}

TEST_CASE("without icc a container reaches what it is linked to, at the ports that it exposes, while both are there",
          "[net]") {
    TestHost host;
    const Network network = host.network(
        {.name = "flats", .driver_opts = {{"com.docker.network.bridge.enable_icc", "false"}}, .enable_ipv6 = true});
    TestContainer app{host, "app"}, stranger{host, "stranger"};
    auto db = std::make_unique<TestContainer>(host, "db");
    const EndpointRequest shown{.aliases = {"db"}, .exposed = {{"tcp", 5432}, {"udp", 53}}};
    const Endpoint first = db->join(network, shown);
    const Endpoint own = app.join(network, {.links = {"db"}});
    stranger.join(network);
    const std::string address = to_string(*first.ipv4);
    const std::string address_v6 = to_string(*first.ipv6);
    const std::string asker = to_string(*own.ipv4);
    {
        const EchoServer rows{db->netns(), 5432, "rows"}, names{db->netns(), 53, "names", true},
            secret{db->netns(), 9000, "secret"}, back{app.netns(), 5432, "back"};
        CHECK(ask(app.netns(), address, 5432) == asker + " rows");
        CHECK(ask(app.netns(), address_v6, 5432) == to_string(*own.ipv6) + " rows");
        CHECK(ask(app.netns(), address, 53, true) == asker + " names");
        CHECK(ask(app.netns(), address, 9000, false, 300) == "timeout");
        CHECK(ask(stranger.netns(), address, 5432, false, 300) == "timeout");
        CHECK(ask(stranger.netns(), address_v6, 5432, false, 300) == "timeout");
        CHECK(ask(db->netns(), asker, 5432, false, 300) == "timeout");  // a link leads one way
        testing::run({.argv = {"nft", "flush", "ruleset"}});
        CHECK(host.firewall.restore());
        CHECK(ask(app.netns(), address, 5432) == asker + " rows");
    }
    db.reset();
    host.firewall.renew_links();
    CHECK(list_table(host.firewall.table()).find(". 5432") == std::string::npos);
    // Another one gets the address, and is not linked to.
    TestContainer heir{host, "heir"};
    heir.join(network, {.ipv4 = address, .exposed = {{"tcp", 5432}}});
    {
        const EchoServer rows{heir.netns(), 5432, "heir"};
        CHECK(ask(app.netns(), address, 5432, false, 300) == "timeout");
    }
    // It comes back elsewhere.
    db = std::make_unique<TestContainer>(host, "db");
    const Endpoint second = db->join(network, shown);
    CHECK(second.ipv4 != first.ipv4);
    const EchoServer rows{db->netns(), 5432, "rows"};
    CHECK(ask(app.netns(), to_string(*second.ipv4), 5432) == asker + " rows");
    CHECK(ask(app.netns(), to_string(*second.ipv6), 5432) == to_string(*own.ipv6) + " rows");
}

TEST_CASE("links hold in an internal network without icc, too", "[net]") {
    TestHost host;
    const Network network = host.network(
        {.name = "vault", .driver_opts = {{"com.docker.network.bridge.enable_icc", "false"}}, .internal = true});
    TestContainer app{host, "app"}, db{host, "db"};
    const Endpoint target = db.join(network, {.aliases = {"db"}, .exposed = {{"tcp", 5432}}});
    const Endpoint own = app.join(network, {.links = {"db"}});
    const EchoServer rows{db.netns(), 5432, "rows"}, outside{host.lan_netns(), 7000, "lan"};
    CHECK(ask(app.netns(), to_string(*target.ipv4), 5432) == to_string(*own.ipv4) + " rows");
    CHECK(ask(app.netns(), "192.0.2.2", 7000, false, 300) == "unreachable");
}

TEST_CASE("a dual-stack network gives both addresses, reaches out and is published on both", "[net]") {
    TestHost host;
    host.give_lan_ipv6();
    const Network network = host.network({.name = "six", .enable_ipv6 = true});
    TestContainer web{host, "web"}, other{host, "other"};
    const Endpoint endpoint = web.join(network);
    const Endpoint neighbour = other.join(network);
    REQUIRE(endpoint.ipv6);
    web.publish(endpoint, 8000, 80);
    const EchoServer site{web.netns(), 80, "site"}, outside{host.lan_netns(), 7000, "lan"};
    CHECK(ask(other.netns(), to_string(*endpoint.ipv6), 80) == to_string(*neighbour.ipv6) + " site");
    CHECK(ask(web.netns(), "fd00:beef::2", 7000) == "fd00:beef::1 lan");
    CHECK(ask(host.lan_netns(), "fd00:beef::1", 8000) == "fd00:beef::2 site");
    CHECK(ask(host.netns(), "fd00:beef::1", 8000) == "fd00:beef::1 site");
    CHECK(ask(host.netns(), "127.0.0.1", 8000) == to_string(*endpoint.gateway_v4) + " site");
    CHECK(ask(host.lan_netns(), to_string(*endpoint.ipv6), 80, false, 300) != "fd00:beef::2 site");
}

TEST_CASE("forwarding is switched on for containers and put back as it was found", "[net]") {
    TestHost host;
    host.give_lan_ipv6();
    const auto sysctl = [](const char* name) { return read_file(std::string{"/proc/sys/net/"} + name); };
    const std::string accept_ra = sysctl("ipv6/conf/lan0/accept_ra");
    // A new namespace begins with the host's own setting.
    write_file("/proc/sys/net/ipv4/ip_forward", "0");
    REQUIRE(sysctl("ipv4/ip_forward") == "0\n");
    const Network four = host.network({.name = "four"});
    const Network six = host.network({.name = "six", .enable_ipv6 = true});
    {
        TestContainer web{host, "web"};
        web.join(four);
        CHECK(sysctl("ipv4/ip_forward") == "1\n");
        CHECK(sysctl("ipv6/conf/all/forwarding") == "1\n");
        CHECK(sysctl("ipv6/conf/lan0/accept_ra") == "2\n");
        web.join(six);
        CHECK_FALSE(host.firewall.remove_if_unused());
    }
    CHECK(host.firewall.remove_if_unused());
    CHECK(sysctl("ipv4/ip_forward") == "0\n");
    CHECK(sysctl("ipv6/conf/all/forwarding") == "0\n");
    CHECK(sysctl("ipv6/conf/lan0/accept_ra") == accept_ra);
}

TEST_CASE("rules that somebody flushed are noticed and restored", "[net]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"};
    web.publish(web.join(network), 8000, 80);
    const std::string before = list_table(host.firewall.table());
    FirewallWatch watch{host.firewall.table()};
    CHECK_FALSE(watch.handle());
    run_inside(host.netns(), {"nft", "add", "table", "inet", "theirs"});
    run_inside(host.netns(), {"nft", "delete", "table", "inet", "theirs"});
    CHECK_FALSE(watch.handle());
    run_inside(host.netns(), {"nft", "flush", "ruleset"});
    CHECK(watch.handle());
    CHECK(list_table(host.firewall.table()).empty());
    CHECK(host.firewall.restore());
    CHECK(list_table(host.firewall.table()) == before);
    CHECK_FALSE(host.firewall.restore());
    CHECK_FALSE(watch.handle());
    run_inside(host.netns(), {"nft", "flush", "chain", "inet", host.firewall.table(), "forward"});
    CHECK(watch.handle());
    CHECK(host.firewall.restore());
    CHECK(list_table(host.firewall.table()) == before);
    // It took the damaged table away to put a whole one there: our own doing is seen, and answered by nothing.
    CHECK(watch.handle());
    CHECK_FALSE(host.firewall.restore());
}

TEST_CASE("static addresses, MAC, interface name and link-local addresses are as asked", "[net]") {
    TestHost host;
    const Network network = host.network(
        {.name = "fixed", .pools = {{"10.77.0.0/24", "10.77.0.254", "10.77.0.64/26", {{"printer", "10.77.0.64"}}}}});
    TestContainer web{host, "web"}, other{host, "other"};
    const Endpoint endpoint = web.join(
        network,
        {.ifname = "lan7", .ipv4 = "10.77.0.9", .mac = "02:11:22:33:44:55", .link_local_ips = {"169.254.8.8"}});
    CHECK(to_string(*endpoint.ipv4) == "10.77.0.9");
    const std::string shown = run_inside(web.netns(), {"ip", "address", "show", "lan7"});
    CHECK_THAT(shown, Catch::Contains("link/ether 02:11:22:33:44:55") && Catch::Contains("inet 10.77.0.9/24") &&
                          Catch::Contains("inet 169.254.8.8/16"));
    CHECK_THAT(run_inside(web.netns(), {"ip", "route"}), Catch::Contains("default via 10.77.0.254 dev lan7"));
    CHECK(to_string(*other.join(network).ipv4) == "10.77.0.65");
    TestContainer third{host, "third"};
    CHECK_THROWS_WITH(third.join(network, {.ipv4 = "10.77.0.9"}),
                      "address 10.77.0.9 of network 'fixed' is in use by 'web'");
    CHECK_THROWS_WITH(third.join(network, {.ipv4 = "10.78.0.9"}), Catch::Contains("lies in no subnet"));
    CHECK_THROWS_WITH(host.store.remove(network), Catch::Contains("has active endpoints: "));
}

TEST_CASE("networks avoid the host's routes and each other, and a leased address comes back", "[net]") {
    TestHost host;
    run_inside(host.netns(), {"ip", "route", "add", "172.18.0.0/16", "via", "192.0.2.2"});
    const Network one = host.network({.name = "one"});
    CHECK(to_string(one.pools.at(0).subnet) == "172.19.0.0/16");
    CHECK(to_string(host.network({.name = "two"}).pools.at(0).subnet) == "172.20.0.0/16");
    CHECK_THROWS_WITH(host.network({.name = "three", .pools = {{.subnet = "172.18.4.0/24"}}}),
                      "subnet 172.18.4.0/24 overlaps the host's route to 172.18.0.0/16");
    CHECK_THROWS_WITH(host.network({.name = "three", .pools = {{.subnet = "172.20.4.0/24"}}}),
                      "subnet 172.20.4.0/24 overlaps 172.20.0.0/16 of network 'two'");
    CHECK_THROWS_WITH(host.network({.name = "one"}), "network with name one already exists");
    {
        TestContainer first{host, "first"};
        CHECK(to_string(*first.join(one).ipv4) == "172.19.0.2");
    }
    TestContainer second{host, "second"};
    CHECK(to_string(*second.join(one).ipv4) == "172.19.0.2");
}

TEST_CASE("the namespace's end takes the link with it, and remove_leftovers gives the address back", "[net]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    {
        const UniqueFd netns = make_netns();
        attach(netns.get(), host.store, network, {.owner_id = "gone", .owner_name = "gone"});
    }
    const auto said = remove_leftovers(host.store, [] { return std::vector<std::string>{}; });
    CHECK(host.store.endpoints().empty());
    CHECK_FALSE(said.empty());
}

TEST_CASE("the standing bridge has a link while somebody uses it, and gives its pool up to those who ask for it",
          "[net]") {
    TestHost host;
    const Network bridge = host.store.get("bridge");
    CHECK(to_string(bridge.pools.at(0).subnet) == "172.17.0.0/16");
    const Network mine = host.network({.name = "mine", .pools = {{.subnet = "172.17.0.0/16"}}});
    TestContainer one{host, "one"}, two{host, "two"};
    CHECK(to_string(*one.join(mine).ipv4) == "172.17.0.2");
    {
        TestContainer three{host, "three"};
        CHECK(to_string(*three.join(bridge).ipv4) == "172.18.0.2");
        CHECK(to_string(*two.join(bridge).ipv4) == "172.18.0.3");
        CHECK(link_names().size() == 2 + 2 + 3);
    }
    host.store.release_standing_link();
    CHECK(link_names().size() == 2 + 2 + 2);  // "two" is on it
    host.store.release_all_of("two");
    host.store.release_standing_link();
    const EchoServer outside{host.lan_netns(), 7000, "lan"};
    CHECK(ask(one.netns(), "192.0.2.2", 7000) == "192.0.2.1 lan");
    const auto links = link_names();
    CHECK(std::find(links.begin(), links.end(), bridge.link) == links.end());
}
