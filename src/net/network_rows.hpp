#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/endpoint.hpp"
#include "net/network.hpp"

namespace stack {
class Database;
}

/// The tables of this room in the state database, and nothing clever. Callers hold transactions.
namespace stack::net::rows {

void create_tables(const Database& database);

void insert(const Database& database, const Network& network);
void erase_network(const Database& database, std::string_view id);
void replace_pools(const Database& database, const Network& network);
std::optional<Network> find_by_name(const Database& database, std::string_view name);
/// Networks whose id starts so; all of them for an empty start. By name.
std::vector<Network> find_by_id(const Database& database, std::string_view id_start);

void insert(const Database& database, const Endpoint& endpoint);
/// Writes the names that it is known by, and its owner's.
void rename(const Database& database, const Endpoint& endpoint);
/// `column` is one of our own words: id, network_id, owner_id.
std::vector<Endpoint> find_endpoints(const Database& database, std::string_view column, std::string_view value);
std::vector<Endpoint> all_endpoints(const Database& database);

/// What the endpoint is linked to and what it exposes; both go with it.
void insert_links(const Database& database, const std::string& endpoint_id, const EndpointRequest& request);
/// Endpoint and the name that it is linked to.
std::vector<std::pair<std::string, std::string>> all_links(const Database& database);
std::vector<ExposedPort> exposed_by(const Database& database, std::string_view endpoint_id);

/// No address below this one is free, so the lowest free one is found without looking at all the others.
IpAddress pool_hint(const Database& database, const std::string& network_id, const Pool& pool);
void set_pool_hint(const Database& database, const std::string& network_id, const Pool& pool, const IpAddress& hint);
/// Who holds an address: the owner's name.
std::optional<std::string> find_holder(const Database& database, const std::string& network_id,
                                       const IpAddress& address);

/// A small value by name: what has to be remembered about the host (sysctls as they were found).
std::optional<std::string> find_setting(const Database& database, std::string_view key);
void set_setting(const Database& database, std::string_view key, std::string_view value);
void erase_setting(const Database& database, std::string_view key);

}  // namespace stack::net::rows
