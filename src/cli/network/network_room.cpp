#include "cli/network/network_room.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container_text.hpp"
#include "cli/image/image_text.hpp"
#include "cli/object_filter.hpp"
#include "desired/json.hpp"
#include "net/endpoint.hpp"

namespace stack::cli {

using nlohmann::json;

namespace {

json pool_json(const net::Pool& pool) {
    json out = {{"Subnet", to_string(pool.subnet)}};
    if (pool.ip_range) {
        out["IPRange"] = to_string(*pool.ip_range);
    }
    if (pool.gateway) {
        out["Gateway"] = to_string(*pool.gateway);
    }
    for (const auto& [name, address] : pool.aux_addresses) {
        out["AuxiliaryAddresses"][name] = to_string(address);
    }
    return out;
}

std::string with_prefix(const std::optional<net::IpAddress>& address, int prefix) {
    return address ? fmt::format("{}/{}", to_string(*address), prefix) : std::string{};
}

json endpoint_json(const net::Endpoint& endpoint) {
    return {{"Name", endpoint.owner_name},
            {"EndpointID", endpoint.id},
            {"MacAddress", to_string(endpoint.mac)},
            {"IPv4Address", with_prefix(endpoint.ipv4, endpoint.ipv4_prefix)},
            {"IPv6Address", with_prefix(endpoint.ipv6, endpoint.ipv6_prefix)}};
}

bool names_network(const engine::ContainerRow& row, const net::Network& network) {
    const auto spec = desired::container_spec_from_json(row.spec_json);
    return spec.network_mode == network.name ||
           std::any_of(spec.endpoints.begin(), spec.endpoints.end(), [&](const desired::EndpointSpec& endpoint) {
               return endpoint.network == network.name || endpoint.network == network.id;
           });
}

}  // namespace

bool NetworkRoom::is_used(const net::Network& network) const {
    if (!store.endpoints_of_network(network.id).empty()) {
        return true;
    }
    const auto rows = containers.list();
    return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return names_network(row, network); });
}

json network_json(const NetworkRoom& room, const net::Network& network) {
    json pools = json::array();
    for (const net::Pool& pool : network.pools) {
        pools.push_back(pool_json(pool));
    }
    json containers = json::object();
    for (const net::Endpoint& endpoint : room.store.endpoints_of_network(network.id)) {
        containers[endpoint.owner_id] = endpoint_json(endpoint);
    }
    return json::array(
               {{{"Name", network.name},
                 {"Id", network.id},
                 {"Created", rfc3339(network.created_ns)},
                 {"Scope", "local"},
                 {"Driver", network.driver},
                 {"EnableIPv4", network.enable_ipv4},
                 {"EnableIPv6", network.enable_ipv6},
                 {"IPAM", {{"Driver", network.ipam_driver}, {"Options", json::object()}, {"Config", std::move(pools)}}},
                 {"Internal", network.internal},
                 {"Attachable", network.attachable},
                 {"Ingress", false},
                 {"ConfigFrom", {{"Network", ""}}},
                 {"ConfigOnly", false},
                 {"Containers", std::move(containers)},
                 {"Options", network.driver_opts},
                 {"Labels", network.labels}}})
        .front();
}

json network_list_fields(const net::Network& network, bool no_trunc) {
    return {{"ID", no_trunc ? network.id : short_id(network.id)},
            {"Name", network.name},
            {"Driver", network.driver},
            {"Scope", "local"},
            {"IPv4", network.enable_ipv4 ? "true" : "false"},
            {"IPv6", network.enable_ipv6 ? "true" : "false"},
            {"Internal", network.internal ? "true" : "false"},
            {"Labels", labels_text(network.labels)},
            {"CreatedAt", go_time(network.created_ns / 1'000'000'000)}};
}

}  // namespace stack::cli
