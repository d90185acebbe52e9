#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/address.hpp"
#include "net/netlink/message.hpp"
#include "net/netlink/socket.hpp"

/// rtnetlink(7) in our words: messages for links, addresses and routes, to be sent in batches by Socket.
namespace stack::net::netlink {

/// nullopt if this namespace has no such link. One ioctl, no dump.
std::optional<int> find_link_index(const Socket& socket, const std::string& name);

Message add_bridge(const std::string& name, const MacAddress& mac, int mtu);
Message set_up(int index, const std::string& name);
/// Up, and labelled: `ip link` shows the alias.
Message set_up_with_alias(int index, const std::string& alias);

struct VethRequest {
    std::string host_name, name;
    int bridge_index{0};  ///< 0: none
    int netns{-1};        ///< borrowed; `name` appears there
    MacAddress mac;
    int mtu{0};  ///< 0: default
};
/// The host's end is up and a port of the bridge; the other one waits for set_up().
Message add_veth(const VethRequest& request);
/// Hairpin mode: where bridged packets meet IP rules (bridge-nf-call-iptables=1), a container's packet to its own
/// published port never leaves the bridge and must go back out of the port that it came in by.
/// Isolated ports talk to the bridge itself but not to one another (bridge(8) "isolated", 4.18).
Message set_port_options(const std::string& name, bool isolated);

struct MacvlanRequest {
    std::string name;
    int parent_index{0};
    int netns{-1};
    std::uint32_t mode{4};  ///< MACVLAN_MODE_*, bridge
    MacAddress mac;
    int mtu{0};
};
Message add_macvlan(const MacvlanRequest& request);

struct IpvlanRequest {
    std::string name;
    int parent_index{0};
    int netns{-1};
    std::uint16_t mode{0};  ///< IPVLAN_MODE_*, l2
    int mtu{0};
};
/// It has its parent's MAC.
Message add_ipvlan(const IpvlanRequest& request);

/// Without `neighbours` there is no route to its subnet.
Message add_address(int index, const IpAddress& address, int prefix, bool neighbours = true);
/// To a subnet by a gateway that is on the link, whatever the addresses say.
std::vector<Message> add_subnet_route(int index, const Subnet& subnet, const IpAddress& gateway);
/// `metric` 0: the kernel's default.
Message add_default_route(int index, const IpAddress& gateway);
/// Of the main table, whatever it goes through; `family` is AF_INET or AF_INET6. Tolerates absence.
Message remove_default_route(int family);
Message remove_link(int index, const std::string& name);

struct Link {
    int index{0};
    std::string name, alias, kind;
    int master{0};
    bool up{false};
};
std::vector<Link> list_links(Socket& socket);

/// Destinations of all unicast routes (default routes left out) and the subnets of all addresses.
std::vector<Subnet> list_used_subnets(Socket& socket);

}  // namespace stack::net::netlink
