#pragma once

#include <string>
#include <vector>

#include "net/firewall.hpp"
#include "net/linked_ports.hpp"
#include "net/nft/table.hpp"

/// What our table holds. Pure: values in, messages out.
namespace stack::net::nft {

/// Chains, sets and rules, without elements. In nft's words:
///
///   set bridges, internal, icc, isolated, masquerade   links of our networks and what they may
///   set subnets4, subnets6           their addresses
///   set linked4, linked6             address . address . protocol . port: who reaches whom where containers are kept
///   apart map ports4, any4, ports6, any6   published ports: [address .] protocol . port → address . port
///
///   chain guard, prerouting raw      containers do not reach the host's 127.0.0.0/8 although route_localnet is on
///   chain prerouting, dstnat         published ports, from outside and from containers
///   chain output, -100               the same, from the host itself
///   chain postrouting, srcnat        masquerade: out of our networks; 127.0.0.1 into them; back into a bridge
///   chain forward, filter            into a bridge comes only what was published, is known, is linked, or stays in it
std::vector<Message> skeleton(const std::string& table);

struct SetElements {
    std::string set;
    std::vector<Element> elements;
};
/// Only bridge networks have any.
std::vector<SetElements> elements_of(const Network& network);
SetElements elements_of(const PortForward& port);
SetElements elements_of(const LinkedPort& linked);

/// Whether the table holds all rules and exactly these elements, as far as their numbers tell. The table must be there.
bool is_whole(netlink::Socket& socket, const std::string& table, const std::vector<SetElements>& lists);

std::vector<Message> add_all(const std::string& table, const std::vector<SetElements>& lists);
/// These and no others.
std::vector<Message> replace_linked(const std::string& table, const std::vector<LinkedPort>& linked);
std::vector<Message> remove_all(const std::string& table, const std::vector<SetElements>& lists);

}  // namespace stack::net::nft
