#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/network.hpp"

namespace stack {
class Database;
class Paths;
}  // namespace stack

namespace stack::net {

struct EndpointRequest;
struct Endpoint;
struct PortForward;

/// Networks, their address leases and published ports in `stack.db`. Several processes may use it at once: each change
/// is one transaction. Making a network makes its bridge too, because the host's routes are what keeps other roots and
/// engines from the same pool. Borrows the database, which must outlive it. Not thread-safe.
class NetworkStore {
public:
    /// Makes its tables and the standing networks bridge, host and none if they are not there. `tag` is Paths::tag().
    NetworkStore(const Database& database, std::string tag);

    /// Finds the network of that name, or makes it. `created` tells which.
    struct Ensured;
    Ensured ensure_network(const NetworkRequest& request);
    /// Errc::conflict if the name is taken or a pool overlaps another network's or the host's routes,
    /// Errc::invalid_input for pools that make no sense, Errc::unsupported for an unknown driver or option.
    Network create_network(const NetworkRequest& request);

    /// By full name, else full id, else unambiguous start of an id (Errc::conflict if ambiguous).
    std::optional<Network> find(std::string_view name_or_id) const;
    /// As find(); Errc::not_found "network 'x' not found".
    Network get(std::string_view name_or_id) const;
    /// By name; standing ones included.
    std::vector<Network> list() const;
    /// Link and row. Errc::conflict naming its endpoints' owners if it has any, or if it is a standing one.
    void remove(const Network& network);
    /// Makes sure that the network's bridge is there and up (after a reboot it is not); nothing for other drivers.
    /// Returns the network as it is then: the standing bridge gets another pool if its own was taken meanwhile, others
    /// fail with Errc::conflict.
    Network ensure_link(const Network& network);
    /// Takes the standing bridge's link off when nobody is connected to it; it comes back with ensure_link(). Apart
    /// from release(), since the kernel takes its time for it (synchronize_net) and a container's end should not wait.
    void release_standing_link();

    /// Takes addresses for an endpoint and keeps its row. One transaction. Errc::conflict naming the owner if a wanted
    /// address is taken, Errc::invalid_input if it lies in no pool, Errc::conflict if a pool is used up.
    Endpoint lease(const Network& network, const EndpointRequest& request);
    /// Gives the addresses back, with the ports published through it, and removes the standing bridge's link with its
    /// last endpoint. Tolerates absence.
    void release(std::string_view endpoint_id);
    void release_all_of(std::string_view owner_id);

    std::optional<Endpoint> find_endpoint(std::string_view endpoint_id) const;
    std::vector<Endpoint> endpoints_of_network(std::string_view network_id) const;
    std::vector<Endpoint> endpoints_of(std::string_view owner_id) const;
    std::vector<Endpoint> endpoints() const;

    /// Published ports, by endpoint; the firewall is made from these rows.
    void keep_ports(const std::vector<PortForward>& ports);
    void drop_ports(std::string_view owner_id);
    std::vector<PortForward> ports() const;
    std::vector<PortForward> ports_of(std::string_view owner_id) const;

    const std::string& tag() const noexcept { return tag_; }
    const Database& database() const noexcept { return database_; }

private:
    void release_these(const std::vector<Endpoint>& endpoints);

    const Database& database_;
    std::string tag_;
};

struct NetworkStore::Ensured {
    Network network;
    bool created{false};
};

}  // namespace stack::net
