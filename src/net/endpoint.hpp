#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/network.hpp"

namespace stack::net {

class NetworkStore;

/// A port that a container listens on, for its neighbours.
struct ExposedPort {
    std::string protocol{"tcp"};
    std::uint16_t port{0};
};

/// How one container takes part in one network; empty means: choose.
struct EndpointRequest {
    std::string owner_id;    ///< container id: who holds the addresses
    std::string owner_name;  ///< for messages and PTR answers
    std::string ifname;      ///< empty: eth0, eth1, … the first free one in the namespace
    std::string ipv4, ipv6, mac;
    std::vector<std::string> aliases;
    std::vector<std::string> link_local_ips;
    /// Where containers are kept apart (no icc): the names that it is linked to, and what others reach that are linked
    /// to it (linked_ports.hpp).
    std::vector<std::string> links;
    std::vector<ExposedPort> exposed;
    StringMap driver_opts;
    /// The default route of the family goes through this network: for one endpoint of a container at most.
    bool default_route_v4{true}, default_route_v6{true};
};

struct Endpoint {
    std::string id;  ///< 64 hex digits
    std::string network_id;
    std::string owner_id, owner_name;
    std::string ifname;     ///< inside the container
    std::string host_link;  ///< the host's end of the veth pair; empty for macvlan
    MacAddress mac;
    std::optional<IpAddress> ipv4, ipv6;
    int ipv4_prefix{0}, ipv6_prefix{0};
    std::optional<IpAddress> gateway_v4, gateway_v6;
    std::vector<std::string> aliases;
};

/// Leases addresses, makes the link (bridge port + veth, or macvlan) and configures it inside `netns`: addresses, MAC,
/// MTU, routes, up. Two netlink batches for a bridge network: one here, one in `netns`. Makes the bridge if it is not
/// there (reboot). For host and none networks only the row is kept. On failure nothing is left.
/// Errors: those of NetworkStore::lease; Errc::conflict if the bridge is full (1023 ports); SysError from the kernel.
Endpoint attach(int netns, NetworkStore& store, const Network& network, const EndpointRequest& request);

/// Removes the link and gives the addresses back, tolerating absence of either; `netns` may be -1 if it is gone. For
/// one network of a running container; when a container goes for good, closing its netns removes the links and
/// release_all_of() the leases.
void detach(int netns, NetworkStore& store, const Endpoint& endpoint);

/// For crash recovery: gives back the leases of owners that are not among those that `living_owners` tells, then
/// removes links that carry the root's tag and belong to no network or endpoint of the store. `living_owners` is asked
/// after the leases were read: so an owner whose row is written before its first lease is always among them.
/// Returns sentences about what was done.
std::vector<std::string> remove_leftovers(NetworkStore& store,
                                          const std::function<std::vector<std::string>()>& living_owners);

}  // namespace stack::net
