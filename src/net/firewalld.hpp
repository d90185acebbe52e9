#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/netlink/socket.hpp"
#include "net/nft/table.hpp"

/// firewalld (D-Bus name org.fedoraproject.FirewallD1) rejects what is forwarded from links of its default zone. Docker
/// makes a zone of its own for its bridges. That can only be done in firewalld's permanent files, followed by a reload
/// that drops what others set at run time; so we take the zone `trusted`, which every firewalld has and which lets all
/// through, or `stack` where the user made one. What is said is said at run time alone, and is gone with our last
/// container, with firewalld, and with the machine.
namespace stack::net {

/// Interfaces in firewalld's notation: a '+' at the end stands for the rest of the name.
struct FirewalldPlacement {
    std::uint64_t rules{0};  ///< of which firewalld: see find_firewalld()
    std::vector<std::string> present, absent;

    friend bool operator==(const FirewalldPlacement&, const FirewalldPlacement&) = default;
};

/// Whether firewalld rules in this network namespace, seen by its table, or by its chain where its rules are iptables'.
/// The number is another one after it was started or reloaded. Nothing is asked of the bus.
std::optional<std::uint64_t> find_firewalld(netlink::Socket& nfnetlink, const std::vector<nft::Table>& tables);

/// Whether a new table or chain of this name means that firewalld has just come.
bool is_table_of_firewalld(std::string_view name) noexcept;
bool is_chain_of_firewalld(std::string_view name) noexcept;

/// Says over the system bus which links are to be in our zone, and which not any more. Links that the user put into
/// another zone stay there. A firewalld that left its rules behind and does not run is no error. Blocks, for one call
/// at most `limit`: firewalld answers nobody while it starts or loads its rules. May run on any thread. Throws an Error
/// with the command that does the same.
void place_in_firewalld(const FirewalldPlacement& placement, std::chrono::seconds limit);

}  // namespace stack::net
