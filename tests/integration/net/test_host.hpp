#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "net/endpoint.hpp"
#include "net/firewall.hpp"
#include "net/network_store.hpp"
#include "support/database.hpp"
#include "support/files.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/paths.hpp"

namespace stack::test {

/// A host of the test's own: a network namespace with a link `lan0` (192.0.2.1/24) to another namespace that plays a
/// host on the same LAN (192.0.2.2), its own root, store and firewall. The thread is inside until it is destroyed.
class TestHost {
public:
    TestHost();
    TestHost(const TestHost&) = delete;
    TestHost& operator=(const TestHost&) = delete;
    /// Fails the test if a link or a table of ours is left.
    ~TestHost();

    int lan_netns() const noexcept { return lan_.get(); }
    int netns() const noexcept { return host.get(); }
    /// fd00:beef::1 for the host and fd00:beef::2 for the one on the LAN.
    void give_lan_ipv6();
    /// Removed by the destructor.
    net::Network network(net::NetworkRequest request);

    UniqueFd before, host, lan_;
    TempDir dir;
    Paths paths;
    Database database;
    net::NetworkStore store;
    net::Firewall firewall;
};

/// A container of the test: a namespace, attached to networks; taken apart by destruction. It must go before its host.
class TestContainer {
public:
    TestContainer(TestHost& host, std::string name);
    TestContainer(const TestContainer&) = delete;
    TestContainer& operator=(const TestContainer&) = delete;
    ~TestContainer();

    net::Endpoint join(const net::Network& network, net::EndpointRequest request = {});
    void publish(const net::Endpoint& endpoint, std::uint16_t host_port, std::uint16_t port,
                 const std::string& protocol = "tcp", std::optional<net::IpAddress> host_ip = {});
    int netns() const noexcept { return netns_.get(); }

private:
    TestHost& host_;
    std::string name_;
    UniqueFd netns_;
};

/// `nft list table inet <name>`; empty if there is none.
std::string list_table(const std::string& table);
std::vector<std::string> link_names();
/// What a program says that runs in `netns`.
std::string run_inside(int netns, const std::vector<std::string>& argv);

/// Listens on all addresses of the namespace, answers each TCP connection with the peer's address and the text, and
/// closes; and each datagram with the same. Runs in a thread of its own until destroyed.
class EchoServer {
public:
    EchoServer(int netns, std::uint16_t port, std::string text, bool udp = false);
    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;
    ~EchoServer();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Keeps its port, so that the kernel takes all its datagrams for one flow.
class UdpClient {
public:
    UdpClient(int netns, const std::string& address, std::uint16_t port);
    std::string ask(int timeout_ms = 3000) const;

private:
    UniqueFd socket_;
};

/// What a client in `netns` reads from there; "refused", "timeout" or "unreachable" when it gets nothing.
std::string ask(int netns, const std::string& address, std::uint16_t port, bool udp = false, int timeout_ms = 3000);

}  // namespace stack::test
