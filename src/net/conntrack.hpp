#pragma once

#include <vector>

#include "net/firewall.hpp"

namespace stack::net {

/// Makes the kernel forget the UDP flows to these host ports. It translates a flow as it did its first datagram, so a
/// client that sent before the port was published, or still sends to the container that had it last, would go on
/// missing the new one for as long as it sends.
void forget_udp_flows(const std::vector<PortForward>& ports);

}  // namespace stack::net
