#pragma once

#include <string>

#include "net/netlink/socket.hpp"
#include "net/network.hpp"

/// Bridges on the host.
namespace stack::net {

/// Makes the bridge with its gateways, label and sysctls, up. Tolerates that it is there already.
void make_bridge(netlink::Socket& socket, const Network& network, const std::string& tag);
/// Tolerates absence.
void remove_bridge(netlink::Socket& socket, const std::string& name);

/// "stack:<tag>:network:<id>": the alias of a bridge.
std::string bridge_alias(const std::string& tag, const std::string& network_id);
/// "stk<tag>" and, unless it is the standing bridge, four letters from the id; `attempt` makes another name of it.
std::string bridge_name(const std::string& tag, const std::string& network_id, bool standing, unsigned attempt);
/// "stv<tag>" and four letters.
std::string veth_name(const std::string& tag, const std::string& endpoint_id, unsigned attempt);

}  // namespace stack::net
