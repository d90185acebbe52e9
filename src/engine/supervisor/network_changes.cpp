// Networks that a running container joins and leaves: its routes, published ports, names and files follow.
#include <algorithm>

#include <fmt/format.h>

#include "engine/supervisor/networks.hpp"
#include "net/endpoint.hpp"
#include "net/gateways.hpp"
#include "support/error.hpp"
#include "support/rollback.hpp"

namespace stack::engine::supervisor {
namespace {

using desired::ContainerSpec;
using desired::EndpointSpec;

int gw_priority(const ContainerSpec& spec, const std::string& network) {
    for (const EndpointSpec& endpoint : endpoints_of(spec)) {
        if (endpoint.network == network) {
            return endpoint.gw_priority;
        }
    }
    return 0;
}

const EndpointSpec* find_endpoint(const std::vector<EndpointSpec>& endpoints, const std::string& network) {
    const auto found =
        std::find_if(endpoints.begin(), endpoints.end(), [&](const auto& it) { return it.network == network; });
    return found == endpoints.end() ? nullptr : &*found;
}

}  // namespace

void Networks::require_connectable(const EndpointSpec& endpoint) const {
    const net::Network network = network_of(endpoint);
    if (network.driver == "host" || network.driver == "null") {
        throw Error(Errc::conflict,
                    fmt::format("a container cannot be connected to the network '{}' later on", network.name))
            .hint(fmt::format("make it with '--network {}'", network.name));
    }
}

void Networks::connect(ContainerRow& row, const NetworkWish& wish, const std::string& name) {
    const int netns = keeper_.find(row.id + "/netns");
    if (netns < 0) {
        throw Error(Errc::conflict, fmt::format("container '{}' has no network namespace of its own", row.name));
    }
    const auto endpoints = endpoints_of(wish.spec);
    const EndpointSpec* endpoint = find_endpoint(endpoints, name);
    require_connectable(*endpoint);
    const net::Network network = network_of(*endpoint);
    Rollback undo;
    attach_endpoint(netns, row, wish, *endpoint, {});
    undo.on_failure([&] { detach_endpoint(netns, row, network); });
    ensure_firewall({network_of(*endpoint)});
    Serving& serving = serving_[row.id];
    const bool named = network.name != "bridge";  // the default bridge has no names
    if (named && (!serving.dns || serving.forward != leads_out(row))) {
        const bool first = !serving.dns;
        serve(row, wish, netns);
        if (first) {
            write_resolv_conf(row, wish.spec);
        }
    } else if (serving.view) {
        serving.view->add_network(network.name, zones_.at(network.id).zone);
    }
    move_gateways(netns, row, wish.spec);
    edit_hosts(row, wish.spec, row.endpoints.back(), true);
    undo.keep();
}

void Networks::detach_endpoint(int netns, ContainerRow& row, const net::Network& network) {
    for (const net::Endpoint& endpoint : store_.endpoints_of(row.id)) {
        if (endpoint.network_id == network.id) {
            net::detach(netns, store_, endpoint);
        }
    }
    if (network.keeps_apart()) {
        firewall_.renew_links();
    }
    std::erase_if(row.endpoints, [&](const EndpointRow& it) { return it.network_id == network.id; });
    if (const auto serving = serving_.find(row.id); serving != serving_.end()) {
        if (serving->second.view) {
            serving->second.view->remove_network(network.name);
        }
        std::erase(serving->second.network_ids, network.id);
        renew_zone(network.id);
        leave_zone(network.id);
    }
    tell_others(network.id);
}

void Networks::disconnect(ContainerRow& row, const NetworkWish& wish, const std::string& name) {
    const net::Network network = store_.get(name);
    const auto gone = std::find_if(row.endpoints.begin(), row.endpoints.end(),
                                   [&](const EndpointRow& it) { return it.network_id == network.id; });
    if (gone == row.endpoints.end()) {
        throw Error(Errc::not_found,
                    fmt::format("container {} is not connected to network {}", row.name, network.name));
    }
    const EndpointRow was = *gone;
    const int netns = keeper_.find(row.id + "/netns");
    // Rules first: what they lead to may soon be somebody else's address.
    const auto ports = store_.ports_of(row.id);
    const bool leads_there = std::any_of(ports.begin(), ports.end(), [&](const net::PortForward& port) {
        const auto endpoint = store_.find_endpoint(port.endpoint_id);
        return endpoint && endpoint->network_id == network.id;
    });
    if (leads_there) {
        firewall_.unpublish(row.id);
    }
    detach_endpoint(netns, row, network);
    edit_hosts(row, wish.spec, was, false);
    Serving& serving = serving_[row.id];
    if (serving.dns && serving.forward != leads_out(row)) {
        serve(row, wish, netns);
    }
    move_gateways(netns, row, wish.spec);
}

/// The endpoints that the default routes go through; where no network leads out, the first that has an address of the
/// family.
Networks::Targets Networks::gateways(const ContainerRow& row, const ContainerSpec& spec) const {
    const auto leased = store_.endpoints_of(row.id);
    std::vector<net::Endpoint> ordered;
    std::vector<net::GatewayCandidate> candidates;
    for (const EndpointRow& place : row.endpoints) {
        const auto network = store_.find(place.network_id);
        const auto lease = std::find_if(leased.begin(), leased.end(),
                                        [&](const auto& it) { return it.network_id == place.network_id; });
        if (network && lease != leased.end()) {
            ordered.push_back(*lease);
            candidates.push_back(net::candidate_of(*network, gw_priority(spec, place.network)));
        }
    }
    const net::GatewayChoice choice = net::choose_gateways(candidates);
    const auto pick = [&](std::optional<size_t> chosen, auto address) -> std::optional<net::Endpoint> {
        if (chosen) {
            return ordered[*chosen];
        }
        const auto found =
            std::find_if(ordered.begin(), ordered.end(), [&](const net::Endpoint& it) { return it.*address; });
        return found == ordered.end() ? std::nullopt : std::optional{*found};
    };
    return {pick(choice.v4, &net::Endpoint::ipv4), pick(choice.v6, &net::Endpoint::ipv6)};
}

void Networks::move_gateways(int netns, ContainerRow& row, const ContainerSpec& spec) {
    const Targets now = gateways(row, spec);
    const auto route = [&](const std::optional<net::Endpoint>& endpoint) -> const net::Endpoint* {
        if (!endpoint) {
            return nullptr;
        }
        const auto network = store_.find(endpoint->network_id);
        return network && !network->internal ? &*endpoint : nullptr;
    };
    net::set_default_routes(netns, route(now.v4), route(now.v6));
    name_host(row);
    if (forwards(row, now) != store_.ports_of(row.id)) {
        firewall_.unpublish(row.id);
        forward(row, now);
    }
}

}  // namespace stack::engine::supervisor
