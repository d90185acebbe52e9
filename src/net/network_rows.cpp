#include "net/network_rows.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/database.hpp"

namespace stack::net::rows {
namespace {

using nlohmann::json;

constexpr const char* schema = R"(
CREATE TABLE net_networks(
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, driver TEXT NOT NULL, link TEXT NOT NULL, driver_opts TEXT NOT NULL,
  labels TEXT NOT NULL, internal INTEGER NOT NULL, attachable INTEGER NOT NULL, enable_ipv4 INTEGER NOT NULL,
  enable_ipv6 INTEGER NOT NULL, standing INTEGER NOT NULL, created_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE net_pools(
  network_id TEXT NOT NULL REFERENCES net_networks(id) ON DELETE CASCADE, position INTEGER NOT NULL,
  subnet TEXT NOT NULL, gateway TEXT, ip_range TEXT, aux TEXT NOT NULL, hint TEXT,
  PRIMARY KEY(network_id, position)) WITHOUT ROWID;
CREATE TABLE net_endpoints(
  id TEXT PRIMARY KEY, network_id TEXT NOT NULL REFERENCES net_networks(id), owner_id TEXT NOT NULL,
  owner_name TEXT NOT NULL, ifname TEXT NOT NULL, host_link TEXT NOT NULL, mac TEXT NOT NULL, ipv4 TEXT, ipv6 TEXT,
  aliases TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX net_endpoints_ipv4 ON net_endpoints(network_id, ipv4);
CREATE UNIQUE INDEX net_endpoints_ipv6 ON net_endpoints(network_id, ipv6);
CREATE INDEX net_endpoints_owner ON net_endpoints(owner_id);
CREATE TABLE net_ports(
  endpoint_id TEXT NOT NULL REFERENCES net_endpoints(id) ON DELETE CASCADE, owner_id TEXT NOT NULL, host_ip TEXT,
  host_port INTEGER NOT NULL, protocol TEXT NOT NULL, container_ip TEXT NOT NULL, container_port INTEGER NOT NULL);
CREATE INDEX net_ports_owner ON net_ports(owner_id);
CREATE INDEX net_ports_endpoint ON net_ports(endpoint_id);
CREATE TABLE net_settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
)";

/// Only of endpoints in networks without icc.
constexpr const char* schema_of_links = R"(
CREATE TABLE net_exposed(
  endpoint_id TEXT NOT NULL REFERENCES net_endpoints(id) ON DELETE CASCADE, protocol TEXT NOT NULL,
  port INTEGER NOT NULL, PRIMARY KEY(endpoint_id, protocol, port)) WITHOUT ROWID;
CREATE TABLE net_links(
  endpoint_id TEXT NOT NULL REFERENCES net_endpoints(id) ON DELETE CASCADE, target TEXT NOT NULL,
  PRIMARY KEY(endpoint_id, target)) WITHOUT ROWID;
)";

constexpr const char* network_columns =
    "id, name, driver, link, driver_opts, labels, internal, attachable, enable_ipv4, enable_ipv6, standing, created_ns";
constexpr const char* endpoint_columns =
    "id, network_id, owner_id, owner_name, ifname, host_link, mac, ipv4, ipv6, aliases";

std::optional<std::string> text_of(const std::optional<IpAddress>& address) {
    return address ? std::optional{to_string(*address)} : std::nullopt;
}

std::optional<IpAddress> address_of(const Statement& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional{IpAddress::parse(row.text(column))};
}

void insert_pools(const Database& database, const Network& network) {
    auto statement = database.prepare("INSERT INTO net_pools VALUES(?, ?, ?, ?, ?, ?, NULL)");
    std::int64_t position = 0;
    for (const Pool& pool : network.pools) {
        json aux = json::object();
        for (const auto& [name, address] : pool.aux_addresses) {
            aux[name] = to_string(address);
        }
        const auto range = pool.ip_range ? std::optional{to_string(*pool.ip_range)} : std::nullopt;
        statement.bind_all(network.id, position++, to_string(pool.subnet), text_of(pool.gateway), range, aux.dump());
        statement.run();
        statement.reset();
    }
}

void load_pools(const Database& database, Network& network) {
    auto row =
        database.prepare("SELECT subnet, gateway, ip_range, aux FROM net_pools WHERE network_id = ? ORDER BY position");
    row.bind(network.id);
    while (row.step()) {
        Pool pool;
        pool.subnet = Subnet::parse(row.text(0));
        pool.gateway = address_of(row, 1);
        if (!row.is_null(2)) {
            pool.ip_range = Subnet::parse(row.text(2));
        }
        const json aux = json::parse(row.text(3));
        for (const auto& [name, address] : aux.items()) {
            pool.aux_addresses.emplace(name, IpAddress::parse(address.get<std::string>()));
        }
        network.pools.push_back(std::move(pool));
    }
}

Network network_of(const Database& database, const Statement& row) {
    Network out;
    out.id = row.text(0);
    out.name = row.text(1);
    out.driver = row.text(2);
    out.link = row.text(3);
    out.driver_opts = json::parse(row.text(4)).get<StringMap>();
    out.labels = json::parse(row.text(5)).get<StringMap>();
    out.internal = row.integer(6) != 0;
    out.attachable = row.integer(7) != 0;
    out.enable_ipv4 = row.integer(8) != 0;
    out.enable_ipv6 = row.integer(9) != 0;
    out.standing = row.integer(10) != 0;
    out.created_ns = row.integer(11);
    load_pools(database, out);
    return out;
}

std::vector<Network> read_networks(const Database& database, Statement rows) {
    std::vector<Network> out;
    while (rows.step()) {
        out.push_back(network_of(database, rows));
    }
    return out;
}

/// Prefixes and gateways are the network's; they are read with it so that an Endpoint is whole.
void fill_from_pools(const Database& database, Endpoint& endpoint) {
    auto row = database.prepare("SELECT subnet, gateway FROM net_pools WHERE network_id = ?");
    row.bind(endpoint.network_id);
    while (row.step()) {
        const Subnet subnet = Subnet::parse(row.text(0));
        if (endpoint.ipv4 && subnet.contains(*endpoint.ipv4)) {
            endpoint.ipv4_prefix = subnet.prefix;
            endpoint.gateway_v4 = address_of(row, 1);
        }
        if (endpoint.ipv6 && subnet.contains(*endpoint.ipv6)) {
            endpoint.ipv6_prefix = subnet.prefix;
            endpoint.gateway_v6 = address_of(row, 1);
        }
    }
}

std::vector<Endpoint> read_endpoints(const Database& database, Statement row) {
    std::vector<Endpoint> out;
    while (row.step()) {
        Endpoint endpoint;
        endpoint.id = row.text(0);
        endpoint.network_id = row.text(1);
        endpoint.owner_id = row.text(2);
        endpoint.owner_name = row.text(3);
        endpoint.ifname = row.text(4);
        endpoint.host_link = row.text(5);
        endpoint.mac = MacAddress::parse(row.text(6));
        endpoint.ipv4 = address_of(row, 7);
        endpoint.ipv6 = address_of(row, 8);
        endpoint.aliases = json::parse(row.text(9)).get<std::vector<std::string>>();
        fill_from_pools(database, endpoint);
        out.push_back(std::move(endpoint));
    }
    return out;
}

}  // namespace

void create_tables(const Database& database) {
    const auto there = [&](const char* table) {
        return database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").bind(table).step();
    };
    if (there("net_links")) {
        return;
    }
    Transaction transaction{database};
    if (!there("net_settings")) {  // another process may have been quicker
        database.execute(schema);
    }
    if (!there("net_links")) {  // a database from before there were such links has the others
        database.execute(schema_of_links);
    }
    transaction.commit();
}

void insert(const Database& database, const Network& network) {
    database.prepare("INSERT INTO net_networks VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind_all(network.id, network.name, network.driver, network.link, json(network.driver_opts).dump(),
                  json(network.labels).dump(), network.internal, network.attachable, network.enable_ipv4,
                  network.enable_ipv6, network.standing, network.created_ns)
        .run();
    insert_pools(database, network);
}

void erase_network(const Database& database, std::string_view id) {
    database.prepare("DELETE FROM net_networks WHERE id = ?").bind(id).run();
}

void replace_pools(const Database& database, const Network& network) {
    database.prepare("DELETE FROM net_pools WHERE network_id = ?").bind(network.id).run();
    insert_pools(database, network);
}

std::optional<Network> find_by_name(const Database& database, std::string_view name) {
    auto rows = database.prepare(fmt::format("SELECT {} FROM net_networks WHERE name = ?", network_columns));
    rows.bind(name);
    auto found = read_networks(database, std::move(rows));
    return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

std::vector<Network> find_by_id(const Database& database, std::string_view id_start) {
    auto rows = database.prepare(
        fmt::format("SELECT {} FROM net_networks WHERE substr(id, 1, length(?1)) = ?1 ORDER BY name", network_columns));
    rows.bind(id_start);
    return read_networks(database, std::move(rows));
}

void insert(const Database& database, const Endpoint& endpoint) {
    database.prepare("INSERT INTO net_endpoints VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind_all(endpoint.id, endpoint.network_id, endpoint.owner_id, endpoint.owner_name, endpoint.ifname,
                  endpoint.host_link, to_string(endpoint.mac), text_of(endpoint.ipv4), text_of(endpoint.ipv6),
                  json(endpoint.aliases).dump())
        .run();
}

void rename(const Database& database, const Endpoint& endpoint) {
    database.prepare("UPDATE net_endpoints SET owner_name = ?, aliases = ? WHERE id = ?")
        .bind_all(endpoint.owner_name, json(endpoint.aliases).dump(), endpoint.id)
        .run();
}

std::vector<Endpoint> find_endpoints(const Database& database, std::string_view column, std::string_view value) {
    auto rows = database.prepare(fmt::format("SELECT {} FROM net_endpoints WHERE {} = ?", endpoint_columns, column));
    rows.bind(value);
    return read_endpoints(database, std::move(rows));
}

void insert_links(const Database& database, const std::string& endpoint_id, const EndpointRequest& request) {
    auto exposed = database.prepare("INSERT OR IGNORE INTO net_exposed VALUES(?, ?, ?)");
    for (const ExposedPort& port : request.exposed) {
        exposed.bind_all(endpoint_id, port.protocol, port.port).run();
        exposed.reset();
    }
    auto links = database.prepare("INSERT OR IGNORE INTO net_links VALUES(?, ?)");
    for (const std::string& target : request.links) {
        links.bind_all(endpoint_id, target).run();
        links.reset();
    }
}

std::vector<std::pair<std::string, std::string>> all_links(const Database& database) {
    std::vector<std::pair<std::string, std::string>> out;
    auto row = database.prepare("SELECT endpoint_id, target FROM net_links");
    while (row.step()) {
        out.emplace_back(row.text(0), row.text(1));
    }
    return out;
}

std::vector<ExposedPort> exposed_by(const Database& database, std::string_view endpoint_id) {
    std::vector<ExposedPort> out;
    auto row = database.prepare("SELECT protocol, port FROM net_exposed WHERE endpoint_id = ?");
    row.bind(endpoint_id);
    while (row.step()) {
        out.push_back({row.text(0), static_cast<std::uint16_t>(row.integer(1))});
    }
    return out;
}

std::vector<Endpoint> all_endpoints(const Database& database) {
    return read_endpoints(database, database.prepare(fmt::format("SELECT {} FROM net_endpoints", endpoint_columns)));
}

IpAddress pool_hint(const Database& database, const std::string& network_id, const Pool& pool) {
    auto row = database.prepare("SELECT hint FROM net_pools WHERE network_id = ? AND subnet = ?");
    row.bind_all(network_id, to_string(pool.subnet));
    const IpAddress lowest = pool.ip_range ? pool.ip_range->base : pool.subnet.base;
    return row.step() && !row.is_null(0) ? IpAddress::parse(row.text(0)) : lowest;
}

void set_pool_hint(const Database& database, const std::string& network_id, const Pool& pool, const IpAddress& hint) {
    database.prepare("UPDATE net_pools SET hint = ? WHERE network_id = ? AND subnet = ?")
        .bind_all(to_string(hint), network_id, to_string(pool.subnet))
        .run();
}

std::optional<std::string> find_holder(const Database& database, const std::string& network_id,
                                       const IpAddress& address) {
    auto row = database.prepare(
        address.is_v6() ? "SELECT owner_name, owner_id FROM net_endpoints WHERE network_id = ? AND ipv6 = ?"
                        : "SELECT owner_name, owner_id FROM net_endpoints WHERE network_id = ? AND ipv4 = ?");
    row.bind_all(network_id, to_string(address));
    if (!row.step()) {
        return std::nullopt;
    }
    return row.text(0).empty() ? row.text(1) : row.text(0);
}

std::optional<std::string> find_setting(const Database& database, std::string_view key) {
    auto row = database.prepare("SELECT value FROM net_settings WHERE key = ?");
    row.bind(key);
    return row.step() ? std::optional{row.text(0)} : std::nullopt;
}

void set_setting(const Database& database, std::string_view key, std::string_view value) {
    database.prepare("INSERT INTO net_settings VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value")
        .bind_all(key, value)
        .run();
}

void erase_setting(const Database& database, std::string_view key) {
    database.prepare("DELETE FROM net_settings WHERE key = ?").bind(key).run();
}

}  // namespace stack::net::rows
