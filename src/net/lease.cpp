// The part of NetworkStore that gives out and takes back addresses and keeps published ports.
#include <algorithm>

#include <fmt/format.h>
#include <linux/netlink.h>

#include "net/endpoint.hpp"
#include "net/firewall.hpp"
#include "net/host_links.hpp"
#include "net/ipam.hpp"
#include "net/netlink/socket.hpp"
#include "net/network_rows.hpp"
#include "net/network_store.hpp"
#include "support/database.hpp"
#include "support/error.hpp"
#include "support/random.hpp"

namespace stack::net {
namespace {

constexpr size_t id_bytes = 32;

const Pool& pool_for(const Network& network, const IpAddress& wanted) {
    for (const Pool& pool : network.pools) {
        if (pool.subnet.contains(wanted)) {
            return pool;
        }
    }
    throw Error(Errc::invalid_input,
                fmt::format("address {} lies in no subnet of network '{}'", to_string(wanted), network.name));
}

IpAddress lease_static(const Database& database, const Network& network, const std::string& text) {
    const IpAddress wanted = IpAddress::parse(text);
    ipam::check_static(pool_for(network, wanted), wanted);
    if (const auto holder = rows::find_holder(database, network.id, wanted)) {
        throw Error(Errc::conflict,
                    fmt::format("address {} of network '{}' is in use by '{}'", text, network.name, *holder));
    }
    return wanted;
}

IpAddress lease_next(const Database& database, const Network& network, const Pool& pool) {
    const IpAddress hint = rows::pool_hint(database, network.id, pool);
    const auto found = ipam::next_address(pool, hint, [&](const IpAddress& address) {
        return rows::find_holder(database, network.id, address).has_value();
    });
    if (!found) {
        throw Error(Errc::conflict, fmt::format("all addresses of network '{}' ({}) are in use", network.name,
                                                to_string(pool.ip_range ? *pool.ip_range : pool.subnet)));
    }
    rows::set_pool_hint(database, network.id, pool, found->plus(1));
    return *found;
}

std::optional<IpAddress> lease_family(const Database& database, const Network& network, const Pool* pool,
                                      const std::string& wanted) {
    if (!wanted.empty()) {
        return lease_static(database, network, wanted);
    }
    return pool ? std::optional{lease_next(database, network, *pool)} : std::nullopt;
}

/// An address below the hint became free: the hint goes down to it.
void give_back(const Database& database, const std::string& network_id, const std::vector<Pool>& pools,
               const std::optional<IpAddress>& address) {
    for (const Pool& pool : pools) {
        if (address && pool.subnet.contains(*address) && *address < rows::pool_hint(database, network_id, pool)) {
            rows::set_pool_hint(database, network_id, pool, *address);
        }
    }
}

void release_row(const Database& database, const Endpoint& endpoint) {
    database.prepare("DELETE FROM net_endpoints WHERE id = ?").bind(endpoint.id).run();
    const auto network = rows::find_by_id(database, endpoint.network_id);
    if (!network.empty()) {
        give_back(database, endpoint.network_id, network.front().pools, endpoint.ipv4);
        give_back(database, endpoint.network_id, network.front().pools, endpoint.ipv6);
    }
}

MacAddress choose_mac(const EndpointRequest& request, const std::optional<IpAddress>& ipv4) {
    if (!request.mac.empty()) {
        return MacAddress::parse(request.mac);
    }
    return ipv4 ? MacAddress::from_ipv4(*ipv4) : MacAddress::random();
}

std::string choose_host_link(const Database& database, const std::string& tag, const std::string& endpoint_id) {
    auto used = database.prepare("SELECT 1 FROM net_endpoints WHERE host_link = ?");
    for (unsigned attempt = 0;; ++attempt) {
        std::string name = veth_name(tag, endpoint_id, attempt);
        used.reset();
        if (!used.bind(name).step()) {
            return name;
        }
    }
}

void fill_pool_facts(Endpoint& endpoint, const Network& network) {
    if (endpoint.ipv4) {
        const Pool& pool = pool_for(network, *endpoint.ipv4);
        endpoint.ipv4_prefix = pool.subnet.prefix;
        endpoint.gateway_v4 = pool.gateway;
    }
    if (endpoint.ipv6) {
        const Pool& pool = pool_for(network, *endpoint.ipv6);
        endpoint.ipv6_prefix = pool.subnet.prefix;
        endpoint.gateway_v6 = pool.gateway;
    }
}

}  // namespace

Endpoint NetworkStore::lease(const Network& network, const EndpointRequest& request) {
    Endpoint out;
    out.id = random_hex(id_bytes);
    out.network_id = network.id;
    out.owner_id = request.owner_id;
    out.owner_name = request.owner_name;
    out.ifname = request.ifname;
    out.aliases = request.aliases;
    Transaction transaction{database_};
    out.ipv4 = lease_family(database_, network, network.pool_v4(), request.ipv4);
    out.ipv6 = lease_family(database_, network, network.pool_v6(), request.ipv6);
    out.mac = choose_mac(request, out.ipv4);
    if (network.driver == "bridge") {
        out.host_link = choose_host_link(database_, tag_, out.id);
    }
    fill_pool_facts(out, network);
    rows::insert(database_, out);
    if (network.keeps_apart()) {
        rows::insert_links(database_, out.id, request);
    }
    transaction.commit();
    return out;
}

void NetworkStore::release(std::string_view endpoint_id) {
    if (const auto endpoint = find_endpoint(endpoint_id)) {
        release_these({*endpoint});
    }
}

void NetworkStore::release_all_of(std::string_view owner_id) {
    release_these(endpoints_of(owner_id));
}

void NetworkStore::release_these(const std::vector<Endpoint>& endpoints) {
    if (endpoints.empty()) {
        return;
    }
    Transaction transaction{database_};
    for (const Endpoint& endpoint : endpoints) {
        release_row(database_, endpoint);
    }
    transaction.commit();
}

std::optional<Endpoint> NetworkStore::find_endpoint(std::string_view endpoint_id) const {
    auto found = rows::find_endpoints(database_, "id", endpoint_id);
    return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

std::vector<Endpoint> NetworkStore::endpoints_of_network(std::string_view network_id) const {
    return rows::find_endpoints(database_, "network_id", network_id);
}

std::vector<Endpoint> NetworkStore::endpoints_of(std::string_view owner_id) const {
    return rows::find_endpoints(database_, "owner_id", owner_id);
}

std::vector<Endpoint> NetworkStore::endpoints() const {
    return rows::all_endpoints(database_);
}

void NetworkStore::keep_ports(const std::vector<PortForward>& ports) {
    Transaction transaction{database_};
    auto row = database_.prepare("INSERT INTO net_ports VALUES(?, ?, ?, ?, ?, ?, ?)");
    for (const PortForward& port : ports) {
        const auto host_ip = port.host_ip ? std::optional{to_string(*port.host_ip)} : std::nullopt;
        row.bind_all(port.endpoint_id, port.owner_id, host_ip, port.host_port, port.protocol,
                     to_string(port.container_ip), port.container_port);
        row.run();
        row.reset();
    }
    transaction.commit();
}

void NetworkStore::drop_ports(std::string_view owner_id) {
    database_.prepare("DELETE FROM net_ports WHERE owner_id = ?").bind(owner_id).run();
}

namespace {

std::vector<PortForward> read_ports(Statement row) {
    std::vector<PortForward> out;
    while (row.step()) {
        PortForward port;
        port.endpoint_id = row.text(0);
        port.owner_id = row.text(1);
        if (!row.is_null(2)) {
            port.host_ip = IpAddress::parse(row.text(2));
        }
        port.host_port = static_cast<std::uint16_t>(row.integer(3));
        port.protocol = row.text(4);
        port.container_ip = IpAddress::parse(row.text(5));
        port.container_port = static_cast<std::uint16_t>(row.integer(6));
        out.push_back(std::move(port));
    }
    return out;
}

}  // namespace

std::vector<PortForward> NetworkStore::ports() const {
    return read_ports(database_.prepare("SELECT * FROM net_ports"));
}

std::vector<PortForward> NetworkStore::ports_of(std::string_view owner_id) const {
    auto rows = database_.prepare("SELECT * FROM net_ports WHERE owner_id = ?");
    rows.bind(owner_id);
    return read_ports(std::move(rows));
}

}  // namespace stack::net
