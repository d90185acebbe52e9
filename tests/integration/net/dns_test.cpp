#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "harness/eventually.hpp"
#include "integration/net/loop.hpp"
#include "integration/net/test_host.hpp"
#include "net/dns_server.hpp"
#include "net/netns.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::net;
using namespace stack::test;

namespace {

UniqueFd bound(int type, const std::string& address) {
    UniqueFd out{check(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), [] { return "socket"; })};
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(53);
    place.sin_addr.s_addr = htonl(IpAddress::parse(address).to_v4());
    check(::bind(out.get(), reinterpret_cast<sockaddr*>(&place), sizeof place), [] { return "bind"; });
    return out;
}

/// A resolver on the LAN, which is our own server with other names.
DnsSockets lan_sockets(const TestHost& host) {
    return run_in_netns(host.lan_netns(), [] {
        DnsSockets out{bound(SOCK_DGRAM, "192.0.2.2"), bound(SOCK_STREAM, "192.0.2.2")};
        check(::listen(out.tcp.get(), 16), [] { return "listen"; });
        return out;
    });
}

std::shared_ptr<EndpointView> view_with(const std::shared_ptr<Zone>& zone) {
    auto view = std::make_shared<EndpointView>();
    view->add_network("blog_default", zone);
    return view;
}

std::vector<std::string> dig(int netns, std::vector<std::string> words) {
    std::vector<std::string> argv{"dig", "@127.0.0.11", "+tries=1", "+time=20", "+short"};
    argv.insert(argv.end(), words.begin(), words.end());
    std::vector<std::string> lines;
    const std::string out = run_inside(netns, argv);
    for (const auto line : split(trim(out), '\n')) {
        lines.emplace_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

using Lines = std::vector<std::string>;

struct Fixture {
    Fixture() {
        zone->add("db", IpAddress::parse("172.18.0.2"));
        zone->add("web", IpAddress::parse("172.18.0.3"));
        zone->add("web", IpAddress::parse("172.18.0.4"));
        zone->add("six", IpAddress::parse("fd00:1::2"));
        zone->set_reverse(IpAddress::parse("172.18.0.2"), "blog-db-1.blog_default");
        zone->set_subnets({Subnet::parse("172.18.0.0/16")});
        for (int i = 0; i < 200; ++i) {
            zone->add("many", IpAddress::parse("172.18.1.0").plus(static_cast<std::uint64_t>(i)));
        }
        world->add("example.org", IpAddress::parse("203.0.113.7"));
        for (int i = 0; i < 200; ++i) {
            world->add("many.example.org", IpAddress::parse("203.0.113.0").plus(static_cast<std::uint64_t>(i)));
        }
        write_file(host.dir.path() / "resolv.conf", "nameserver 192.0.2.2\n");
        loop.run([&] {
            forwarder = std::make_unique<DnsForwarder>(loop.context, host.dir.path() / "resolv.conf");
            upstream = std::make_unique<DnsServer>(loop.context, *forwarder, lan_sockets(host), view_with(world),
                                                   DnsServerOptions{{}, false});
        });
    }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;
    ~Fixture() {
        loop.run([&] {
            server.reset();
            upstream.reset();
            forwarder.reset();
        });
    }
    void serve(DnsServerOptions options = {}) { serve(open_dns_sockets(container.get()), std::move(options)); }
    void serve(DnsSockets sockets, DnsServerOptions options) {
        loop.run([&] {
            server = std::make_unique<DnsServer>(loop.context, *forwarder, std::move(sockets), view_with(zone),
                                                 std::move(options));
        });
    }

    TestHost host;
    UniqueFd container{make_netns()};
    std::shared_ptr<Zone> zone{std::make_shared<Zone>()}, world{std::make_shared<Zone>()};
    std::unique_ptr<DnsForwarder> forwarder;
    std::unique_ptr<DnsServer> upstream, server;
    Loop loop;
};

}  // namespace

TEST_CASE("names of the network are answered by UDP and TCP, with and without EDNS", "[net][dns]") {
    Fixture f;
    f.serve();
    const int inside = f.container.get();
    CHECK(dig(inside, {"db"}) == Lines{"172.18.0.2"});
    CHECK(dig(inside, {"DB."}) == Lines{"172.18.0.2"});
    CHECK(dig(inside, {"db.blog_default"}) == Lines{"172.18.0.2"});
    CHECK(dig(inside, {"+noedns", "web"}) == Lines{"172.18.0.3", "172.18.0.4"});
    CHECK(dig(inside, {"+tcp", "web"}) == Lines{"172.18.0.3", "172.18.0.4"});
    CHECK(dig(inside, {"six", "AAAA"}) == Lines{"fd00:1::2"});
    CHECK(dig(inside, {"-x", "172.18.0.2"}) == Lines{"blog-db-1.blog_default."});
    CHECK(dig(inside, {"many"}).size() == 200);
    CHECK(dig(inside, {"+noedns", "many"}).size() == 200);  // dig comes back by TCP
    CHECK(dig(inside, {"+noedns", "+ignore", "many"}).size() < 200);
}

TEST_CASE("a known name without an address of the family is no data at once, an unknown address of ours no name",
          "[net][dns]") {
    Fixture f;
    f.serve();
    const std::string no_data = run_inside(f.container.get(), {"dig", "@127.0.0.11", "+tries=1", "db", "AAAA"});
    CHECK_THAT(no_data, Catch::Contains("status: NOERROR") && Catch::Contains("ANSWER: 0"));
    const std::string no_name = run_inside(f.container.get(), {"dig", "@127.0.0.11", "+tries=1", "-x", "172.18.0.9"});
    CHECK_THAT(no_name, Catch::Contains("status: NXDOMAIN"));
}

TEST_CASE("replicas are answered in turns", "[net][dns]") {
    Fixture f;
    f.serve();
    std::set<std::string> first;
    for (int i = 0; i < 2; ++i) {
        const std::string out =
            run_inside(f.container.get(), {"dig", "@127.0.0.11", "+short", "web", "A", "web", "AAAA"});
        first.insert(out.substr(0, out.find('\n')));
    }
    CHECK(first == std::set<std::string>{"172.18.0.3", "172.18.0.4"});
}

TEST_CASE("other names go to the host's resolvers, also to those that resolv.conf gets later", "[net][dns]") {
    Fixture f;
    f.serve();
    const int inside = f.container.get();
    CHECK(dig(inside, {"example.org"}) == Lines{"203.0.113.7"});
    CHECK(dig(inside, {"+tcp", "example.org"}) == Lines{"203.0.113.7"});
    CHECK(dig(inside, {"+noedns", "many.example.org"}).size() == 200);
    CHECK_THAT(run_inside(inside, {"dig", "@127.0.0.11", "nowhere.example.org"}), Catch::Contains("NXDOMAIN"));
    // Nobody is at 192.0.2.1 (refused at once) and 192.0.2.3 (no answer); the third one answers.
    replace_file(f.host.dir.path() / "resolv.conf",
                 "nameserver 192.0.2.1\nnameserver 192.0.2.3\nnameserver 192.0.2.2\n");
    bool seen = false;
    while (!seen) {
        f.loop.run([&] { seen = f.forwarder->upstreams().size() == 3; });
    }
    CHECK(dig(inside, {"example.org"}) == Lines{"203.0.113.7"});
}

TEST_CASE("a resolv.conf that is written by another name is read again", "[net][dns]") {
    Fixture f;
    const auto file = f.host.dir.path() / "resolv.conf";
    const auto elsewhere = f.host.dir.path() / "elsewhere";
    std::filesystem::create_directory(elsewhere);
    std::filesystem::create_hard_link(file, elsewhere / "it");
    std::ofstream{elsewhere / "it"} << "nameserver 192.0.2.2\nnameserver 192.0.2.3\n";
    CHECK(stack::testing::eventually([&] {
        bool seen = false;
        f.loop.run([&] { seen = f.forwarder->upstreams().size() == 2; });
        return seen;
    }));
}

TEST_CASE("a resolver of the host on 127.0.0.53 is asked from the host's side", "[net][dns]") {
    Fixture f;
    std::unique_ptr<DnsServer> stub;
    replace_file(f.host.dir.path() / "resolv.conf", "nameserver 127.0.0.53\n");
    DnsSockets sockets{bound(SOCK_DGRAM, "127.0.0.53"), bound(SOCK_STREAM, "127.0.0.53")};
    check(::listen(sockets.tcp.get(), 16), [] { return "listen"; });
    f.loop.run([&] {
        stub = std::make_unique<DnsServer>(f.loop.context, *f.forwarder, std::move(sockets), view_with(f.world),
                                           DnsServerOptions{{}, false});
    });
    f.serve();
    const IpAddress wanted = IpAddress::parse("127.0.0.53");
    bool seen = false;
    while (!seen) {
        f.loop.run([&] {
            const auto servers = f.forwarder->upstreams();
            seen = servers.size() == 1 && servers[0].address == wanted;
        });
    }
    CHECK(dig(f.container.get(), {"example.org"}) == Lines{"203.0.113.7"});
    f.loop.run([&] { stub.reset(); });
}

TEST_CASE("a container's own dns is asked instead of the host's", "[net][dns]") {
    Fixture f;
    replace_file(f.host.dir.path() / "resolv.conf", "nameserver 192.0.2.1\n");
    DnsServerOptions options;
    options.upstreams = {DnsUpstream{IpAddress::parse("192.0.2.2")}};
    f.serve(std::move(options));
    CHECK(dig(f.container.get(), {"example.org"}) == Lines{"203.0.113.7"});
    CHECK(dig(f.container.get(), {"db"}) == Lines{"172.18.0.2"});
}

TEST_CASE("glibc finds names at once where a family has no address, and by search domains", "[net][dns]") {
    Fixture f;
    f.world->add("www.example.org", IpAddress::parse("203.0.113.9"));
    f.serve();
    // Were one of the two questions (A, AAAA) not answered, glibc would wait for longer than it is given here.
    const auto getent = [&](const std::string& options, const std::string& name) {
        write_file(f.host.dir.path() / "container.conf",
                   "nameserver 127.0.0.11\nsearch example.org\noptions timeout:30 attempts:1 " + options + "\n");
        const std::string script = "mount --bind " + (f.host.dir.path() / "container.conf").string() +
                                   " /etc/resolv.conf && timeout 25 getent ahosts " + name +
                                   " | cut -d ' ' -f 1 | sort -u";
        return std::string{trim(run_inside(f.container.get(), {"unshare", "-m", "sh", "-c", script}))};
    };
    CHECK(getent("ndots:0", "db") == "172.18.0.2");
    CHECK(getent("ndots:0", "six") == "fd00:1::2");
    CHECK(getent("ndots:0", "www") == "203.0.113.9");  // as it is first, then below the search domain
    CHECK(getent("ndots:5", "db") == "172.18.0.2");    // the other way round
    CHECK(getent("ndots:0", "nowhere").empty());
}

TEST_CASE("a container whose networks are internal gets no answer from outside", "[net][dns]") {
    Fixture f;
    f.serve(DnsServerOptions{{}, false});
    CHECK_THAT(run_inside(f.container.get(), {"dig", "@127.0.0.11", "example.org"}), Catch::Contains("NXDOMAIN"));
    CHECK(dig(f.container.get(), {"db"}) == Lines{"172.18.0.2"});
}

TEST_CASE("a question that comes while nobody serves is answered by the next server of the same sockets",
          "[net][dns]") {
    Fixture f;
    const DnsSockets kept = open_dns_sockets(f.container.get());
    Lines answer;
    std::thread client{[&] { answer = dig(f.container.get(), {"db"}); }};
    // The question lies in the socket before anybody reads it.
    char byte = 0;
    int waiting = 0;
    do {
        waiting = static_cast<int>(::recv(kept.udp.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT));
    } while (waiting <= 0);
    f.serve(DnsSockets{UniqueFd{::fcntl(kept.udp.get(), F_DUPFD_CLOEXEC, 0)},
                       UniqueFd{::fcntl(kept.tcp.get(), F_DUPFD_CLOEXEC, 0)}},
            {});
    client.join();
    CHECK(answer == Lines{"172.18.0.2"});
}

TEST_CASE("hostile packets get a format error or nothing, and the next question is answered", "[net][dns]") {
    Fixture f;
    f.serve();
    const UniqueFd client =
        run_in_netns(f.container.get(), [] { return UniqueFd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)}; });
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(53);
    server.sin_addr.s_addr = htonl(127U << 24U | 11U);
    for (const std::string& packet :
         {std::string{}, std::string{"x"}, std::string(12, '\0'), std::string(12, '\xff'), std::string(1232, '\xc0'),
          std::string{"\1\2\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18}, std::string(60000, 'a')}) {
        ::sendto(client.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&server), sizeof server);
    }
    CHECK(dig(f.container.get(), {"db"}) == Lines{"172.18.0.2"});
}
