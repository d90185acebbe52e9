#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/address.hpp"

namespace stack::net {

class NetworkStore;

/// A container of a network without icc that reaches a port of another, because it is linked to it.
struct LinkedPort {
    IpAddress from, to;
    std::string protocol;
    std::uint16_t port{0};
};

/// What the endpoints' rows (EndpointRequest::links and exposed) come to at present: one for each pair, port and
/// family. A name stands for all endpoints of the same network that are known by it.
std::vector<LinkedPort> linked_ports(const NetworkStore& store);

}  // namespace stack::net
