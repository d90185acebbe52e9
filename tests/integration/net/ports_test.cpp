#include "net/ports.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "harness/process.hpp"
#include "integration/net/loop.hpp"
#include "integration/net/test_host.hpp"
#include "net/netns.hpp"
#include "support/error.hpp"
#include "support/files.hpp"

using namespace stack;
using namespace stack::net;
using namespace stack::test;

TEST_CASE("a taken port is refused with the name of who has it", "[net][ports]") {
    TestHost host;
    for (const std::string protocol : {"tcp", "udp"}) {
        const PortReservation taken = reserve_port({}, 8080, protocol);
        CHECK(taken.sockets.size() == 2);
        try {
            (void)reserve_port(IpAddress::parse("127.0.0.1"), 8080, protocol);
            FAIL("it was given out twice");
        } catch (const Error& error) {
            CHECK(error.code() == Errc::conflict);
            CHECK(error.what() == std::string{"cannot publish 127.0.0.1:8080: address already in use"});
            CHECK(error.hint() == fmt::format("'net_integration' (pid {}) listens on this port", ::getpid()));
        }
    }
    CHECK_THROWS_WITH(reserve_port(IpAddress::parse("203.0.113.5"), 80, "tcp"),
                      "cannot publish 203.0.113.5:80: this host has no such address");
}

TEST_CASE("a random port is the first free one from 32768", "[net][ports]") {
    TestHost host;
    const PortReservation first = reserve_port({}, 0, "tcp");
    const PortReservation second = reserve_port({}, 0, "tcp");
    CHECK(first.port == 32768);
    CHECK(second.port == 32769);
    CHECK(reserve_port({}, 0, "udp").port == 32768);
}

TEST_CASE("the relay carries [::1] and IPv6 clients to a container without IPv6", "[net][ports]") {
    TestHost host;
    host.give_lan_ipv6();
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"};
    const Endpoint endpoint = web.join(network);
    const EchoServer site{web.netns(), 80, "site"}, clock{web.netns(), 123, "clock", true};
    const std::string from_host = to_string(*endpoint.gateway_v4);
    Loop loop;
    const PortReservation tcp = reserve_port({}, 8000, "tcp"), udp = reserve_port({}, 1230, "udp");
    std::optional<PortRelay> tcp_relay, udp_relay;
    loop.run([&] {
        tcp_relay.emplace(loop.context, tcp, *endpoint.ipv4, std::uint16_t{80});
        udp_relay.emplace(loop.context, udp, *endpoint.ipv4, std::uint16_t{123});
    });
    CHECK(ask(host.netns(), "::1", 8000) == from_host + " site");
    CHECK(ask(host.lan_netns(), "fd00:beef::1", 8000) == from_host + " site");
    CHECK(ask(host.netns(), "::1", 1230, true) == from_host + " clock");
    CHECK(ask(host.lan_netns(), "fd00:beef::1", 1230, true) == from_host + " clock");
    // By nft, past the relay: the client's address is seen.
    web.publish(endpoint, 8000, 80);
    web.publish(endpoint, 1230, 123, "udp");
    CHECK(ask(host.lan_netns(), "192.0.2.1", 8000) == "192.0.2.2 site");
    CHECK(ask(host.lan_netns(), "192.0.2.1", 1230, true) == "192.0.2.2 clock");
    CHECK(ask(host.netns(), "127.0.0.1", 1230, true) == from_host + " clock");
    loop.run([&] {
        tcp_relay.reset();
        udp_relay.reset();
    });
}

TEST_CASE("a UDP client that sends all the time reaches the container that is published while it does",
          "[net][ports]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    TestContainer early{host, "early"};
    early.join(network);  // the table is there, so the kernel tracks flows
    const EchoServer before{host.netns(), 1230, "before", true};
    const UdpClient client{host.lan_netns(), "192.0.2.1", 1230};
    CHECK(client.ask() == "192.0.2.2 before");
    TestContainer clock{host, "clock"};
    const Endpoint endpoint = clock.join(network);
    const EchoServer after{clock.netns(), 123, "after", true};
    clock.publish(endpoint, 1230, 123, "udp");
    CHECK(client.ask() == "192.0.2.2 after");
    host.firewall.unpublish("clock");
    CHECK(client.ask() == "192.0.2.2 before");
}

TEST_CASE("iperf3 runs through a published port, both ways and by UDP, and the server sees who the client is",
          "[net][ports]") {
    TestHost host;
    const Network network = host.network({.name = "front"});
    TestContainer web{host, "web"};
    const Endpoint endpoint = web.join(network);
    web.publish(endpoint, 8000, 5201);
    web.publish(endpoint, 8000, 5201, "udp");
    struct Case {
        std::vector<std::string> flags;
        const char* sum;  ///< what arrived, in iperf3's report
    };
    const std::vector<Case> cases{{{"-n", "32M"}, "sum_received"},
                                  {{"-n", "32M", "-R"}, "sum_received"},
                                  {{"-u", "-b", "50M", "-n", "1M"}, "sum"}};
    for (const auto& [flags, sum] : cases) {
        CAPTURE(flags);
        testing::Process server = run_in_netns(web.netns(), [] {
            return testing::Process{{.argv = {"iperf3", "-s", "-1", "--forceflush"}}};
        });
        REQUIRE(server.wait_for("Server listening"));
        std::vector<std::string> argv{"iperf3", "-c", "192.0.2.1", "-p", "8000", "-J"};
        argv.insert(argv.end(), flags.begin(), flags.end());
        const auto report = nlohmann::json::parse(run_inside(host.lan_netns(), argv));
        INFO(report.value("error", ""));
        // It stops when all is sent: what is on its way then is not counted.
        const auto sent = (flags[0] == "-u" ? 1 : 32) * std::int64_t{1} << 20;
        CHECK(report["end"][sum]["bytes"].get<std::int64_t>() >= sent / 2);
        CHECK(report["end"][sum].value("lost_percent", 0.0) < 50);
        const auto said = server.wait();
        INFO(said.all());
        CHECK(said.out.find("Accepted connection from 192.0.2.2,") != std::string::npos);
    }
}
