#include "engine/supervisor/networks.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/endpoint.hpp"
#include "net/host_links.hpp"
#include "net/netns.hpp"
#include "net/network_rows.hpp"
#include "support/database.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/log.hpp"
#include "support/rollback.hpp"
#include "support/text.hpp"

namespace stack::engine::supervisor {
namespace {

using desired::ContainerSpec;
using desired::EndpointSpec;

UniqueFd duplicate(int fd) {
    return UniqueFd{check(::fcntl(fd, F_DUPFD_CLOEXEC, 3), [] { return "duplicate a descriptor"; })};
}

std::string text_of(const std::optional<net::IpAddress>& address) {
    return address ? net::to_string(*address) : std::string{};
}

EndpointRow row_of(const net::Endpoint& endpoint, const net::Network& network, const EndpointSpec& spec) {
    EndpointRow row;
    row.network = network.name;
    row.network_id = network.id;
    row.ipv4 = text_of(endpoint.ipv4);
    row.ipv4_prefix = endpoint.ipv4_prefix;
    row.ipv4_gateway = text_of(endpoint.gateway_v4);
    row.ipv6 = text_of(endpoint.ipv6);
    row.ipv6_prefix = endpoint.ipv6_prefix;
    row.ipv6_gateway = text_of(endpoint.gateway_v6);
    row.mac = net::to_string(endpoint.mac);
    row.interface_name = endpoint.ifname;
    row.aliases = spec.aliases;
    row.dns_names = endpoint.aliases;
    return row;
}

/// Index of the endpoint that the default route goes through: the highest gw_priority, then the first.
size_t gateway_index(const std::vector<EndpointSpec>& endpoints) {
    size_t best = 0;
    for (size_t i = 1; i < endpoints.size(); ++i) {
        if (endpoints[i].gw_priority > endpoints[best].gw_priority) {
            best = i;
        }
    }
    return best;
}

/// "8080/tcp" -> a port to be published anywhere.
desired::PortPublish exposed_port(const std::string& text) {
    const auto parts = split(text, '/');
    desired::PortPublish port;
    port.container_port = static_cast<std::uint16_t>(parse_uint(parts[0]).value_or(0));
    port.protocol = parts.size() > 1 ? std::string{parts[1]} : "tcp";
    return port;
}

}  // namespace

std::vector<EndpointSpec> endpoints_of(const ContainerSpec& spec) {
    const std::string& mode = spec.network_mode;
    if (mode == "host" || mode == "none" || mode.starts_with("container:") || mode.starts_with("service:")) {
        return {};
    }
    auto endpoints = spec.endpoints;
    if (endpoints.empty()) {
        EndpointSpec only;
        only.network = mode.empty() || mode == "default" ? "bridge" : mode;
        endpoints.push_back(only);
    }
    std::stable_sort(endpoints.begin(), endpoints.end(),
                     [](const EndpointSpec& a, const EndpointSpec& b) { return a.priority > b.priority; });
    if (endpoints.front().mac_address.empty()) {
        endpoints.front().mac_address = spec.mac_address;
    }
    return endpoints;
}

std::vector<std::string> dns_names(const ContainerRow& row, const ContainerSpec& spec, const EndpointSpec& endpoint) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        const std::string lower = to_lower(name);
        if (!lower.empty() && std::find(names.begin(), names.end(), lower) == names.end()) {
            names.push_back(lower);
        }
    };
    add(row.name);
    if (!row.one_off) {
        add(row.service);
    }
    for (const std::string& alias : endpoint.aliases) {
        add(alias);
    }
    add(row.id.substr(0, 12));
    add(spec.hostname);
    return names;
}

Networks::Networks(Loop& loop, const Paths& paths, const Database& database, KeeperLink& keeper, std::string project)
    : loop_{loop},
      paths_{paths},
      keeper_{keeper},
      project_{std::move(project)},
      store_{database, paths.tag()},
      firewall_{paths, store_} {}

Networks::~Networks() = default;

void Networks::create(const desired::NetworkSpec& spec, const desired::StringMap& labels) {
    net::NetworkRequest request;
    request.name = spec.name;
    request.driver = spec.driver;
    request.driver_opts = spec.driver_opts;
    request.labels = labels;
    request.ipam_driver = spec.ipam_driver;
    request.internal = spec.internal;
    request.attachable = spec.attachable;
    request.enable_ipv4 = spec.enable_ipv4;
    request.enable_ipv6 = spec.enable_ipv6;
    for (const auto& pool : spec.ipam) {
        request.pools.push_back({pool.subnet, pool.gateway, pool.ip_range, pool.aux_addresses});
    }
    try {
        store_.ensure_network(request);  // its bridge is made with the first endpoint
    } catch (const Error& error) {
        if (error.pos() || spec.pos.file.empty()) {
            throw;
        }
        throw Error{error}.at(spec.pos);
    }
}

void Networks::remove(const std::string& name) {
    if (const auto network = store_.find(name)) {
        firewall_.forget(*network);
        if (!network->link.empty() && network->driver == "bridge") {
            net::netlink::Socket socket{NETLINK_ROUTE};
            net::remove_bridge(socket, network->link);
        }
        store_.remove(*network);
    }
}

net::Network Networks::network_of(const EndpointSpec& endpoint) const {
    return store_.get(endpoint.network);
}

void Networks::ensure_firewall(const std::vector<net::Network>& networks) {
    firewall_.ensure(networks);
    if (!firewall_events_) {
        firewall_events_ = std::make_unique<net::FirewallWatch>(firewall_.table());
        firewall_watch_ = std::make_unique<Watched>(loop_, firewall_events_->fd());
        spawn(loop_, watch_firewall(), "watch the firewall");
    }
}

Task<> Networks::watch_firewall() {
    while (true) {
        const bool ready = co_await firewall_watch_->readable();
        if (!ready) {
            break;
        }
        if (firewall_events_->handle()) {
            log_warning("somebody removed the rules of table '{}'; loading them again", firewall_.table());
            firewall_.restore();
            firewall_events_->handle();  // our own loading is told too
        }
    }
}

int Networks::attach(ContainerRow& row, const NetworkWish& wish) {
    const std::string key = row.id + "/netns";
    if (const int known = keeper_.find(key); known >= 0) {
        return known;
    }
    const std::string& mode = wish.spec.network_mode;
    if (mode == "host" || mode.starts_with("container:")) {
        return -1;
    }
    Rollback undo;
    undo.on_failure([&] { detach(row); });
    row.endpoints.clear();
    row.ports.clear();
    const int netns = keeper_.keep(key, net::make_netns());
    const auto endpoints = endpoints_of(wish.spec);
    std::vector<net::Network> taken;
    for (const EndpointSpec& endpoint : endpoints) {
        taken.push_back(network_of(endpoint));
    }
    if (!taken.empty()) {
        ensure_firewall(taken);
    }
    for (size_t i = 0; i < endpoints.size(); ++i) {
        while_doing(fmt::format("connect '{}' to network '{}'", row.name, endpoints[i].network),
                    [&] { attach_endpoint(netns, row, endpoints[i], i == gateway_index(endpoints)); });
    }
    if (!endpoints.empty()) {
        publish(row, wish);
        serve(row, wish, netns);
    }
    undo.keep();
    return netns;
}

void Networks::attach_endpoint(int netns, ContainerRow& row, const EndpointSpec& spec, bool default_route) {
    const net::Network network = network_of(spec);
    net::EndpointRequest request;
    request.owner_id = row.id;
    request.owner_name = row.name;
    request.ifname = spec.interface_name;
    request.ipv4 = spec.ipv4_address;
    request.ipv6 = spec.ipv6_address;
    request.mac = spec.mac_address;
    request.aliases = spec.aliases;
    request.link_local_ips = spec.link_local_ips;
    request.driver_opts = spec.driver_opts;
    request.default_route = default_route;
    const net::Endpoint endpoint = net::attach(netns, store_, network, request);
    row.endpoints.push_back(row_of(endpoint, network, spec));
    const bool is_known = zones_.count(network.id) > 0;
    net::Zone& zone = enter_zone(network.id);
    if (is_known) {  // a new zone was made from all endpoints, this one too
        add_names(zone, endpoint, network.name);
    }
    serving_[row.id].network_ids.push_back(network.id);
    relink(network.id);
    tell_others(network.id);
}

void Networks::connect(ContainerRow& row, const EndpointSpec& endpoint, bool default_route) {
    const int netns = keeper_.find(row.id + "/netns");
    if (netns < 0) {
        throw Error(Errc::conflict, fmt::format("container '{}' has no network namespace of its own", row.name));
    }
    ensure_firewall({network_of(endpoint)});
    attach_endpoint(netns, row, endpoint, default_route);
    Serving& serving = serving_[row.id];
    if (serving.view) {
        const EndpointRow& added = row.endpoints.back();
        serving.view->add_network(added.network, zones_.at(added.network_id).zone);
    }
}

void Networks::disconnect(ContainerRow& row, const std::string& name) {
    const net::Network network = store_.get(name);
    for (const net::Endpoint& endpoint : store_.endpoints_of(row.id)) {
        if (endpoint.network_id == network.id) {
            net::detach(keeper_.find(row.id + "/netns"), store_, endpoint);
        }
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

void Networks::rename(ContainerRow& row, const std::string& before) {
    const auto replace = [&](std::vector<std::string>& names) {
        std::replace(names.begin(), names.end(), to_lower(before), to_lower(row.name));
    };
    for (net::Endpoint& endpoint : store_.endpoints_of(row.id)) {
        endpoint.owner_name = row.name;
        replace(endpoint.aliases);
        net::rows::rename(store_.database(), endpoint);
        renew_zone(endpoint.network_id);
        tell_others(endpoint.network_id);
    }
    for (EndpointRow& endpoint : row.endpoints) {
        replace(endpoint.dns_names);
    }
}

void Networks::publish(ContainerRow& row, const NetworkWish& wish) {
    auto wanted = wish.spec.ports;
    if (wish.spec.publish_all) {
        for (const std::string& text : wish.exposed) {
            wanted.push_back(exposed_port(text));
        }
    }
    const auto leased = store_.endpoints_of(row.id);
    if (leased.empty()) {
        return;
    }
    for (const std::string& text : wish.exposed) {
        const desired::PortPublish port = exposed_port(text);
        const auto same = [&](const auto& it) {
            return it.container_port == port.container_port && it.protocol == port.protocol;
        };
        if (std::none_of(wanted.begin(), wanted.end(), same) &&
            std::none_of(row.ports.begin(), row.ports.end(), same)) {
            row.ports.push_back({"", 0, port.container_port, port.protocol});
        }
    }
    if (wanted.empty()) {
        return;
    }
    const auto with_v4 = std::find_if(leased.begin(), leased.end(), [](const auto& it) { return it.ipv4.has_value(); });
    const net::Endpoint& endpoint = with_v4 == leased.end() ? leased.front() : *with_v4;
    std::vector<net::PortForward> forwards;
    for (size_t i = 0; i < wanted.size(); ++i) {
        std::optional<net::IpAddress> host_ip;
        if (!wanted[i].host_ip.empty()) {
            host_ip = net::IpAddress::parse(wanted[i].host_ip);
        }
        net::PortReservation reservation;
        try {
            reservation = net::reserve_port(host_ip, wanted[i].host_port, wanted[i].protocol);
        } catch (const Error& error) {
            if (error.pos() || wanted[i].pos.file.empty()) {
                throw;
            }
            throw Error{error}.at(wanted[i].pos);
        }
        const auto target = endpoint.ipv4 ? endpoint.ipv4 : endpoint.ipv6;
        forwards.push_back(
            {endpoint.id, row.id, host_ip, reservation.port, wanted[i].protocol, *target, wanted[i].container_port});
        row.ports.push_back({wanted[i].host_ip, reservation.port, wanted[i].container_port, wanted[i].protocol});
        for (size_t s = 0; s < reservation.sockets.size(); ++s) {
            keeper_.keep(fmt::format("{}/port/{}/{}", row.id, i, s), std::move(reservation.sockets[s]));
        }
    }
    firewall_.publish(forwards);
    relay(row.id, forwards);
}

/// The sockets were the keeper's: if it died together with the worker they are gone, and the ports are free.
void Networks::reserve_again(const std::string& id, const std::vector<net::PortForward>& ports) {
    for (size_t i = 0; i < ports.size(); ++i) {
        if (!keeper_.keys(fmt::format("{}/port/{}/", id, i)).empty()) {
            continue;
        }
        try {
            auto reservation = net::reserve_port(ports[i].host_ip, ports[i].host_port, ports[i].protocol);
            for (size_t s = 0; s < reservation.sockets.size(); ++s) {
                keeper_.keep(fmt::format("{}/port/{}/{}", id, i, s), std::move(reservation.sockets[s]));
            }
        } catch (const Error& error) {
            log_warning("port {} goes on without its reservation: {}", ports[i].host_port, error.what());
        }
    }
}

void Networks::relay(const std::string& id, const std::vector<net::PortForward>& ports) {
    Serving& serving = serving_[id];
    for (size_t i = 0; i < ports.size(); ++i) {
        net::PortReservation reservation;
        reservation.host_ip = ports[i].host_ip;
        reservation.port = ports[i].host_port;
        reservation.protocol = ports[i].protocol;
        for (const std::string& key : keeper_.keys(fmt::format("{}/port/{}/", id, i))) {
            reservation.sockets.push_back(duplicate(keeper_.find(key)));
        }
        if (!reservation.sockets.empty()) {
            serving.relays.emplace_back(loop_, reservation, ports[i].container_ip, ports[i].container_port);
        }
    }
}

void Networks::serve(const ContainerRow& row, const NetworkWish& wish, int netns) {
    Serving& serving = serving_[row.id];
    // Containers on the default bridge alone have the host's resolvers and no names of others, as with Docker.
    const bool embedded = std::any_of(row.endpoints.begin(), row.endpoints.end(),
                                      [](const EndpointRow& it) { return it.network != "bridge"; });
    if (!embedded) {
        return;
    }
    const std::string udp = row.id + "/dns-udp", tcp = row.id + "/dns-tcp";
    if (keeper_.find(udp) < 0 || keeper_.find(tcp) < 0) {
        net::DnsSockets fresh = net::open_dns_sockets(netns);
        keeper_.keep(udp, std::move(fresh.udp));
        keeper_.keep(tcp, std::move(fresh.tcp));
    }
    net::DnsSockets sockets{duplicate(keeper_.find(udp)), duplicate(keeper_.find(tcp))};
    serving.view = std::make_shared<net::EndpointView>();
    net::DnsServerOptions options;
    options.forward = false;
    for (const EndpointRow& endpoint : row.endpoints) {
        serving.view->add_network(endpoint.network, zones_.at(endpoint.network_id).zone);
        const auto network = store_.find(endpoint.network_id);
        options.forward = options.forward || (network && !network->internal);
    }
    for (const std::string& server : wish.spec.dns) {
        options.upstreams.push_back({net::IpAddress::parse(server)});
    }
    serving.links = wish.spec.links;
    for (const std::string& link : wish.spec.external_links) {
        const auto parts = split(link, ':');
        serving.links.push_back({std::string{parts[0]}, std::string{parts.back()}});
    }
    if (!forwarder_) {
        forwarder_ = std::make_unique<net::DnsForwarder>(loop_);
    }
    serving.dns = std::make_unique<net::DnsServer>(loop_, *forwarder_, std::move(sockets), serving.view, options);
    for (const std::string& network_id : serving.network_ids) {
        relink(network_id);
    }
}

void Networks::resume(const ContainerRow& row, const NetworkWish& wish) {
    const int netns = keeper_.find(row.id + "/netns");
    if (netns < 0 || row.endpoints.empty()) {
        return;
    }
    Serving& serving = serving_[row.id];
    for (const EndpointRow& endpoint : row.endpoints) {
        enter_zone(endpoint.network_id);
        serving.network_ids.push_back(endpoint.network_id);
    }
    std::vector<net::Network> taken;
    for (const EndpointRow& endpoint : row.endpoints) {
        if (const auto network = store_.find(endpoint.network_id)) {
            taken.push_back(*network);
        }
    }
    ensure_firewall(taken);
    const auto forwards = store_.ports_of(row.id);
    reserve_again(row.id, forwards);
    relay(row.id, forwards);
    serve(row, wish, netns);
}

void Networks::detach(ContainerRow& row) {
    ErrorList errors;
    std::vector<std::string> network_ids;
    if (const auto serving = serving_.find(row.id); serving != serving_.end()) {
        network_ids = serving->second.network_ids;
        serving_.erase(serving);
    }
    const int netns = keeper_.find(row.id + "/netns");
    if (netns >= 0 || !row.endpoints.empty() || !network_ids.empty()) {
        if (!row.ports.empty()) {
            errors.attempt("withdraw its ports", [&] { firewall_.unpublish(row.id); });
        }
        // The links go with the namespace, all at once, when its last descriptor is closed.
        errors.attempt("give its addresses back", [&] { store_.release_all_of(row.id); });
        keeper_.drop(row.id + "/netns");
        keeper_.drop(row.id + "/dns-udp");
        keeper_.drop(row.id + "/dns-tcp");
        for (const std::string& key : keeper_.keys(row.id + "/port/")) {
            keeper_.drop(key);
        }
        for (const std::string& network_id : network_ids) {
            renew_zone(network_id);
            leave_zone(network_id);
            tell_others(network_id);
        }
    }
    row.endpoints.clear();
    row.ports.clear();
    for (const Error& error : errors.errors()) {
        log_warning("disconnect '{}': {}", row.name, error.what());
    }
}

void Networks::remove_unused_rules() {
    firewall_events_.reset();
    firewall_watch_.reset();
    firewall_.remove_if_unused();
}

void Networks::remove_leftovers(const std::vector<std::string>& living_ids) {
    for (const std::string& sentence : net::remove_leftovers(store_, living_ids)) {
        log_info("{}", sentence);
    }
}

}  // namespace stack::engine::supervisor
