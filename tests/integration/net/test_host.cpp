#include "integration/net/test_host.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <thread>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/process.hpp"
#include "net/netlink/links.hpp"
#include "net/netns.hpp"
#include "support/error.hpp"

namespace stack::test {
namespace {

using net::netlink::Message;
using net::netlink::Socket;

sockaddr_storage socket_address(const std::string& text, std::uint16_t port, socklen_t& size) {
    sockaddr_storage out{};
    const auto address = net::IpAddress::parse(text);
    if (address.is_v6()) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
        size = sizeof v6;
    } else {
        auto& v4 = reinterpret_cast<sockaddr_in&>(out);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
        size = sizeof v4;
    }
    return out;
}

std::string text_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        return to_string(net::IpAddress::from_bytes({reinterpret_cast<const char*>(&v4.sin_addr), 4}));
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        return to_string(net::IpAddress::from_bytes({reinterpret_cast<const char*>(&v6.sin6_addr) + 12, 4}));
    }
    return to_string(net::IpAddress::from_bytes({reinterpret_cast<const char*>(&v6.sin6_addr), 16}));
}

void configure_lan(Socket& socket, const std::string& address) {
    const int index = *net::netlink::find_link_index(socket, "lan0");
    socket.execute(net::netlink::set_up(index, "lan0"));
    socket.execute(net::netlink::add_address(index, net::IpAddress::parse(address), 24));
}

void enter_new_host(const UniqueFd& host, const UniqueFd& lan) {
    check(::setns(host.get(), CLONE_NEWNET), [] { return "enter the test's namespace"; });
    Socket here{NETLINK_ROUTE};
    here.execute(net::netlink::add_veth({"lan0", "lan0", 0, lan.get(), net::MacAddress::random(), 0}));
    configure_lan(here, "192.0.2.1");
    net::run_in_netns(lan.get(), [] {
        Socket there{NETLINK_ROUTE};
        configure_lan(there, "192.0.2.2");
    });
}

}  // namespace

TestHost::TestHost()
    : before{net::current_netns()},
      host{net::make_netns()},
      lan_{net::make_netns()},
      dir{[this] {
          enter_new_host(host, lan_);
          return TempDir{"/var/tmp", "stack-net-test-"};
      }()},
      paths{dir.path() / "root", dir.path() / "run"},
      database{paths.database()},
      store{database, paths.tag()},
      firewall{paths, store} {}

void TestHost::give_lan_ipv6() {
    for (const auto& [netns, address] : {std::pair{host.get(), "fd00:beef::1/64"}, {lan_.get(), "fd00:beef::2/64"}}) {
        run_inside(netns, {"sysctl", "-qw", "net.ipv6.conf.lan0.disable_ipv6=0"});
        run_inside(netns, {"ip", "address", "add", address, "dev", "lan0", "nodad"});
    }
}

net::Network TestHost::network(net::NetworkRequest request) {
    return store.create_network(request);
}

TestHost::~TestHost() {
    for (const auto& network : store.list()) {
        if (!network.standing) {
            firewall.forget(network);
            store.remove(network);
        }
    }
    firewall.remove_if_unused();
    CHECK(link_names() == std::vector<std::string>{"lo", "lan0"});
    CHECK(list_table(firewall.table()).empty());
    if (::setns(before.get(), CLONE_NEWNET) != 0) {
        std::abort();
    }
}

TestContainer::TestContainer(TestHost& host, std::string name)
    : host_{host}, name_{std::move(name)}, netns_{net::make_netns()} {}

TestContainer::~TestContainer() {
    host_.firewall.unpublish(name_);
    for (const auto& endpoint : host_.store.endpoints_of(name_)) {
        net::detach(netns_.get(), host_.store, endpoint);
    }
}

net::Endpoint TestContainer::join(const net::Network& network, net::EndpointRequest request) {
    request.owner_id = name_;
    request.owner_name = name_;
    net::Endpoint endpoint = net::attach(netns_.get(), host_.store, network, request);
    host_.firewall.ensure({network});
    return endpoint;
}

void TestContainer::publish(const net::Endpoint& endpoint, std::uint16_t host_port, std::uint16_t port,
                            const std::string& protocol, std::optional<net::IpAddress> host_ip) {
    std::vector<net::PortForward> ports;
    for (const auto& address : {endpoint.ipv4, endpoint.ipv6}) {
        if (address && (!host_ip || host_ip->is_v6() == address->is_v6())) {
            ports.push_back({endpoint.id, name_, host_ip, host_port, protocol, *address, port});
        }
    }
    host_.firewall.publish(ports);
}

std::string list_table(const std::string& table) {
    return testing::run({.argv = {"nft", "list", "table", "inet", table}}).out;
}

std::string run_inside(int netns, const std::vector<std::string>& argv) {
    return net::run_in_netns(netns, [&] { return testing::run({.argv = argv}).out; });
}

std::vector<std::string> link_names() {
    Socket socket{NETLINK_ROUTE};
    std::vector<std::string> out;
    for (const auto& link : net::netlink::list_links(socket)) {
        out.push_back(link.name);
    }
    return out;
}

class EchoServer::Impl {
public:
    Impl(int netns, std::uint16_t port, std::string text, bool udp) : text_{std::move(text)}, udp_{udp} {
        stop_ = UniqueFd{::eventfd(0, EFD_CLOEXEC)};
        socket_ = net::run_in_netns(netns, [&] {
            return UniqueFd{
                check(::socket(AF_INET6, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), [] { return "socket"; })};
        });
        const int on = 1;
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        socklen_t size = 0;
        const auto any = socket_address("::", port, size);
        check(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&any), size), [] { return "bind"; });
        if (!udp) {
            check(::listen(socket_.get(), 64), [] { return "listen"; });
        }
        thread_ = std::thread{[this] { serve(); }};
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        ::eventfd_write(stop_.get(), 1);
        thread_.join();
    }

private:
    void serve() {
        while (true) {
            std::array<pollfd, 2> both{{{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
            ::poll(both.data(), both.size(), -1);
            if (both[1].revents != 0) {
                return;
            }
            udp_ ? answer_datagram() : answer_connection();
        }
    }
    void answer_connection() {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        const UniqueFd client{::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC)};
        const std::string out = text_of(peer) + " " + text_;
        (void)::send(client.get(), out.data(), out.size(), MSG_NOSIGNAL);
    }
    void answer_datagram() {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        std::array<char, 2048> in;
        if (::recvfrom(socket_.get(), in.data(), in.size(), 0, reinterpret_cast<sockaddr*>(&peer), &size) >= 0) {
            const std::string out = text_of(peer) + " " + text_;
            (void)::sendto(socket_.get(), out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
        }
    }

    std::string text_;
    bool udp_;
    UniqueFd stop_, socket_;
    std::thread thread_;
};

EchoServer::EchoServer(int netns, std::uint16_t port, std::string text, bool udp)
    : impl_{std::make_unique<Impl>(netns, port, std::move(text), udp)} {}
EchoServer::~EchoServer() = default;

namespace {

UniqueFd client_socket(int netns, int family, bool udp, int timeout_ms) {
    UniqueFd client = net::run_in_netns(netns, [&] {
        return UniqueFd{
            check(::socket(family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), [] { return "socket"; })};
    });
    const timeval limit{timeout_ms / 1000, timeout_ms % 1000 * 1000};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return client;
}

std::string read_answer(int client) {
    std::array<char, 2048> answer;
    const ssize_t got = ::recv(client, answer.data(), answer.size(), 0);
    if (got < 0) {
        return errno == EAGAIN ? "timeout" : errno == ECONNREFUSED ? "refused" : std::strerror(errno);
    }
    return {answer.data(), static_cast<size_t>(got)};
}

}  // namespace

UdpClient::UdpClient(int netns, const std::string& address, std::uint16_t port)
    : socket_{client_socket(netns, AF_INET, true, 3000)} {
    socklen_t size = 0;
    const auto target = socket_address(address, port, size);
    check(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&target), size), [] { return "connect"; });
}

std::string UdpClient::ask(int timeout_ms) const {
    const timeval limit{timeout_ms / 1000, timeout_ms % 1000 * 1000};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    check(::send(socket_.get(), "?", 1, MSG_NOSIGNAL), [] { return "send"; });
    return read_answer(socket_.get());
}

std::string ask(int netns, const std::string& address, std::uint16_t port, bool udp, int timeout_ms) {
    socklen_t size = 0;
    const auto target = socket_address(address, port, size);
    const UniqueFd client = client_socket(netns, target.ss_family, udp, timeout_ms);
    if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&target), size) != 0) {
        const bool late = errno == EINPROGRESS || errno == ETIMEDOUT;
        return errno == ECONNREFUSED ? "refused" : late ? "timeout" : "unreachable";
    }
    if (udp && ::send(client.get(), "?", 1, MSG_NOSIGNAL) != 1) {
        return "unreachable";
    }
    return read_answer(client.get());
}

}  // namespace stack::test
