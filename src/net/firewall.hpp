#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/firewalld.hpp"
#include "net/network.hpp"
#include "support/kernel/unique_fd.hpp"

struct nlmsghdr;

namespace stack {
class Paths;
}

namespace stack::net {

class NetworkStore;

/// One host port that leads to a container. Protocols: tcp, udp, sctp.
struct PortForward {
    std::string endpoint_id, owner_id;
    std::optional<IpAddress> host_ip;  ///< nullopt: every address of the host, of the family of container_ip
    std::uint16_t host_port{0};
    std::string protocol{"tcp"};
    IpAddress container_ip;
    std::uint16_t container_port{0};

    friend bool operator==(const PortForward&, const PortForward&) = default;
};

/// The rules of one STACK_ROOT: one nft table `inet stack` (default root) or `inet stack_<tag>`. What it holds is a
/// function of the store's rows alone, so that any process can bring it up to date. All calls are idempotent, one
/// netlink transaction each, and hold `locks/firewall` meanwhile. Works on the calling thread's network namespace.
///
///   prerouting, output  dnat by map to the container            postrouting  masquerade
///   forward             drop what nobody published              raw          127.0.0.0/8 stays the host's
///
/// Where Docker or ufw is, two rules in its chain for users let our links through its FORWARD policy
/// (foreign_filter.hpp); firewalld is told to (firewalld.hpp).
class Firewall {
public:
    Firewall(const Paths& paths, NetworkStore& store);

    /// Before containers of these networks start: makes the table if it is not there (with everything that the store
    /// knows), else makes sure that the networks are in it. Turns ip_forward on; how it was is written in the table.
    /// Returns a warning for people, where something else on the host stands in the containers' way.
    std::optional<std::string> ensure(const std::vector<Network>& networks);
    /// Rows (NetworkStore::keep_ports) and rules of these ports. All or none.
    void publish(const std::vector<PortForward>& ports);
    /// Rows and rules of all ports of a container, and the kernel's memory of UDP flows through them.
    void unpublish(const std::string& owner_id);
    /// Endpoints of networks that keep their containers apart went or got other names: linked ones reach each other,
    /// and nobody else does. (Those that come are seen by ensure().)
    void renew_links();
    /// After somebody flushed rules (FirewallWatch): loads everything anew in one transaction, unless the table is
    /// whole again by then, because another of our processes was quicker. True if it did.
    bool restore();
    /// What firewalld, where it rules, has not been told yet of our links, for place_in_firewalld(), which may take
    /// long; the answer to FirewallWatch after restore(). Counts as told from then on.
    std::optional<FirewalldPlacement> placement();
    /// A network is about to be removed.
    void forget(const Network& network);
    /// Removes the table and puts ip_forward back if the store has no endpoint left. True if it did.
    bool remove_if_unused();

    const std::string& table() const noexcept { return table_; }

private:
    std::optional<FirewalldPlacement> new_placement(netlink::Socket& socket, const std::vector<nft::Table>& tables);

    const Paths& paths_;
    NetworkStore& store_;
    std::string table_;
    std::optional<FirewalldPlacement> told_;
};

/// The network with its link, row and rules; errors as NetworkStore::remove.
void remove_network(NetworkStore& store, Firewall& firewall, const Network& network);

/// Tells when somebody else removed or flushed our table: readable fd (for the event loop), then handle().
class FirewallWatch {
public:
    explicit FirewallWatch(std::string table);
    int fd() const noexcept { return socket_.get(); }
    /// Reads what came in; true if our table or a part of it, elements of sets too, was removed by somebody else, or
    /// Docker's or ufw's chain for users came or lost rules, or firewalld came. The answer to it is restore() while
    /// containers run, which looks first, and placement().
    bool handle();

private:
    bool see(const nlmsghdr& message);

    std::string table_;
    bool pending_{false};
    UniqueFd socket_;
};

}  // namespace stack::net
