#include "net/network_store.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <linux/netlink.h>

#include "net/endpoint.hpp"
#include "net/host_links.hpp"
#include "net/ipam.hpp"
#include "net/netlink/links.hpp"
#include "net/network_check.hpp"
#include "net/network_rows.hpp"
#include "net/pool_lock.hpp"
#include "support/database.hpp"
#include "support/error.hpp"
#include "support/random.hpp"
#include "support/rollback.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

constexpr size_t id_bytes = 32;

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void insert_standing(const Database& database, const std::string& tag) {
    for (const auto& [name, driver] : {std::pair{"bridge", "bridge"}, {"host", "host"}, {"none", "null"}}) {
        Network network;
        network.id = random_hex(id_bytes);
        network.name = name;
        network.driver = driver;
        network.standing = true;
        network.created_ns = now_ns();
        if (network.driver == "bridge") {
            network.link = bridge_name(tag, network.id, true, 0);
            network.driver_opts = {{"com.docker.network.bridge.default_bridge", "true"},
                                   {"com.docker.network.bridge.enable_icc", "true"},
                                   {"com.docker.network.bridge.enable_ip_masquerade", "true"},
                                   {"com.docker.network.bridge.host_binding_ipv4", "0.0.0.0"},
                                   {"com.docker.network.bridge.name", network.link},
                                   {"com.docker.network.driver.mtu", "1500"}};
            netlink::Socket socket{NETLINK_ROUTE};
            auto taken = netlink::list_used_subnets(socket);
            network.pools.push_back(ipam::check_pool({}, ipam::choose_pool_v4(taken), true));
        }
        rows::insert(database, network);
    }
}

void require_apart(const Subnet& wanted, const std::vector<Network>& networks, const std::vector<Subnet>& host) {
    for (const Network& network : networks) {
        for (const Pool& pool : network.pools) {
            // The standing bridge gives way when it has no link (see ensure_link).
            if (!network.standing && pool.subnet.overlaps(wanted)) {
                throw Error(Errc::conflict, fmt::format("subnet {} overlaps {} of network '{}'", to_string(wanted),
                                                        to_string(pool.subnet), network.name));
            }
        }
    }
    for (const Subnet& route : host) {
        if (route.overlaps(wanted)) {
            throw Error(Errc::conflict,
                        fmt::format("subnet {} overlaps the host's route to {}", to_string(wanted), to_string(route)));
        }
    }
}

/// macvlan and ipvlan share a network that is really there: its route on the host is no conflict.
bool lives_on_the_lan(const std::string& driver) {
    return driver != "bridge";
}

std::vector<Pool> choose_pools(const Network& network, const NetworkRequest& request,
                               const std::vector<Network>& networks, const std::vector<Subnet>& host) {
    auto taken = host;
    for (const Network& other : networks) {
        for (const Pool& pool : other.pools) {
            taken.push_back(pool.subnet);
        }
    }
    const bool wants_gateway = !(network.internal && lives_on_the_lan(network.driver));
    std::vector<Pool> pools;
    bool has_v4 = false;
    bool has_v6 = false;
    for (const PoolRequest& asked : request.pools) {
        if (!asked.subnet.empty()) {
            const Subnet subnet = Subnet::parse(asked.subnet);
            require_apart(subnet, networks, lives_on_the_lan(network.driver) ? std::vector<Subnet>{} : host);
            pools.push_back(ipam::check_pool(asked, subnet, wants_gateway));
            (subnet.base.is_v6() ? has_v6 : has_v4) = true;
        }
    }
    if (request.enable_ipv4 && !has_v4) {
        pools.push_back(ipam::check_pool({}, ipam::choose_pool_v4(taken), wants_gateway));
    }
    if (request.enable_ipv6 && !has_v6) {
        pools.push_back(ipam::check_pool({}, ipam::choose_pool_v6(taken, network.id), wants_gateway));
    }
    std::stable_sort(pools.begin(), pools.end(),
                     [](const Pool& a, const Pool& b) { return !a.subnet.base.is_v6() && b.subnet.base.is_v6(); });
    return pools;
}

std::string option(const NetworkRequest& request, const char* key) {
    const auto found = request.driver_opts.find(key);
    return found == request.driver_opts.end() ? std::string{} : found->second;
}

std::string choose_bridge_name(const netlink::Socket& socket, const std::string& tag, const NetworkRequest& request,
                               const std::string& id) {
    if (std::string wanted = option(request, "com.docker.network.bridge.name"); !wanted.empty()) {
        return wanted;
    }
    unsigned attempt = 0;
    std::string name = bridge_name(tag, id, false, attempt);
    while (netlink::find_link_index(socket, name)) {
        name = bridge_name(tag, id, false, ++attempt);
    }
    return name;
}

Network network_from(const NetworkRequest& request) {
    Network out;
    out.id = random_hex(id_bytes);
    out.name = request.name;
    out.driver = request.driver;
    out.driver_opts = request.driver_opts;
    out.labels = request.labels;
    out.internal = request.internal;
    out.attachable = request.attachable;
    out.enable_ipv4 = request.enable_ipv4;
    out.enable_ipv6 = request.enable_ipv6;
    out.created_ns = now_ns();
    return out;
}

[[noreturn]] void refuse_used(const Network& network, const std::vector<Endpoint>& endpoints) {
    std::vector<std::string> users;
    for (const Endpoint& endpoint : endpoints) {
        users.push_back(fmt::format("'{}'", endpoint.owner_name.empty() ? endpoint.owner_id : endpoint.owner_name));
    }
    throw Error(Errc::conflict, fmt::format("network '{}' has active endpoints: {}", network.name, join(users, ", ")));
}

}  // namespace

NetworkStore::NetworkStore(const Database& database, std::string tag) : database_{database}, tag_{std::move(tag)} {
    rows::create_tables(database_);
    if (!rows::find_by_name(database_, "none")) {
        Transaction transaction{database_};
        if (!rows::find_by_name(database_, "none")) {
            insert_standing(database_, tag_);
        }
        transaction.commit();
    }
}

NetworkStore::Ensured NetworkStore::ensure_network(const NetworkRequest& request) {
    if (auto there = rows::find_by_name(database_, request.name)) {
        return {std::move(*there), false};
    }
    try {
        return {create_network(request), true};
    } catch (const Error& error) {
        // Another process may have made it since we looked.
        auto there = error.code() == Errc::conflict ? rows::find_by_name(database_, request.name) : std::nullopt;
        if (!there) {
            throw;
        }
        return {std::move(*there), false};
    }
}

Network NetworkStore::create_network(const NetworkRequest& request) {
    check_request(request);
    Network network = network_from(request);
    netlink::Socket socket{NETLINK_ROUTE};
    const PoolLock lock;
    Transaction transaction{database_};
    if (rows::find_by_name(database_, request.name)) {
        throw Error(Errc::conflict, fmt::format("network with name {} already exists", request.name));
    }
    network.pools = choose_pools(network, request, list(), netlink::list_used_subnets(socket));
    Rollback undo;
    if (network.driver == "bridge") {
        network.link = choose_bridge_name(socket, tag_, request, network.id);
        make_bridge(socket, network, tag_);
        undo.on_failure([&] { remove_bridge(socket, network.link); });
    } else {
        network.link = option(request, "parent");
    }
    rows::insert(database_, network);
    transaction.commit();
    undo.keep();
    return network;
}

std::optional<Network> NetworkStore::find(std::string_view name_or_id) const {
    if (auto found = rows::find_by_name(database_, name_or_id)) {
        return found;
    }
    if (name_or_id.empty() || name_or_id.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return std::nullopt;
    }
    auto found = rows::find_by_id(database_, name_or_id);
    if (found.size() > 1) {
        throw Error(Errc::conflict,
                    fmt::format("'{}' is the start of the ids of {} networks", name_or_id, found.size()));
    }
    return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

Network NetworkStore::get(std::string_view name_or_id) const {
    if (auto found = find(name_or_id)) {
        return std::move(*found);
    }
    throw Error(Errc::not_found, fmt::format("network {} not found", name_or_id));
}

std::vector<Network> NetworkStore::list() const {
    return rows::find_by_id(database_, {});
}

void NetworkStore::remove(const Network& network) {
    if (network.standing) {
        throw Error(Errc::conflict, fmt::format("{} is a pre-defined network and cannot be removed", network.name));
    }
    Transaction transaction{database_};
    if (const auto used = endpoints_of_network(network.id); !used.empty()) {
        refuse_used(network, used);
    }
    // The link goes first: what a crash in between leaves is a network without its bridge, which ensure_link makes
    // again, and not a bridge that nobody knows.
    if (network.driver == "bridge") {
        netlink::Socket socket{NETLINK_ROUTE};
        remove_bridge(socket, network.link);
    }
    rows::erase_network(database_, network.id);
    transaction.commit();
}

void NetworkStore::release_standing_link() {
    const Network network = get("bridge");
    // A row of an endpoint is there before its link is used (attach): with the write lock held nobody can add one.
    Transaction transaction{database_};
    netlink::Socket socket{NETLINK_ROUTE};
    if (endpoints_of_network(network.id).empty()) {
        remove_bridge(socket, network.link);
    }
    transaction.commit();
}

Network NetworkStore::ensure_link(const Network& network) {
    netlink::Socket socket{NETLINK_ROUTE};
    if (network.driver != "bridge") {
        return network;
    }
    if (netlink::find_link_index(socket, network.link)) {
        return network.standing ? get(network.id) : network;  // its pool may have changed since the caller read it
    }
    Network made = network;
    const PoolLock lock;
    if (netlink::find_link_index(socket, network.link)) {  // another process was quicker
        return get(network.id);
    }
    const auto host = netlink::list_used_subnets(socket);
    for (Pool& pool : made.pools) {
        const auto overlaps = [&](const Subnet& route) { return route.overlaps(pool.subnet); };
        const auto clash = std::find_if(host.begin(), host.end(), overlaps);
        if (clash == host.end()) {
            continue;
        }
        if (!network.standing) {
            throw Error(Errc::conflict, fmt::format("subnet {} of network '{}' overlaps the host's route to {}",
                                                    to_string(pool.subnet), network.name, to_string(*clash)));
        }
        auto taken = host;
        for (const Network& other : list()) {
            for (const Pool& used : other.pools) {
                taken.push_back(used.subnet);
            }
        }
        pool = ipam::check_pool({}, ipam::choose_pool_v4(taken), true);
    }
    make_bridge(socket, made, tag_);
    if (network.standing) {
        Transaction transaction{database_};
        rows::replace_pools(database_, made);
        transaction.commit();
    }
    return made;
}

}  // namespace stack::net
