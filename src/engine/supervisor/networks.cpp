#include "engine/supervisor/networks.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/state/owners.hpp"
#include "net/endpoint.hpp"
#include "net/gateways.hpp"
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

std::vector<desired::Link> links_of(const ContainerSpec& spec) {
    auto links = spec.links;
    for (const std::string& link : spec.external_links) {
        const auto parts = split(link, ':');
        links.push_back({std::string{parts[0]}, std::string{parts.back()}});
    }
    return links;
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
      database_{database},
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
        net::remove_network(store_, firewall_, *network);
        // Nobody uses it any more; a worker that was killed left its file there.
        std::error_code ignored;
        std::filesystem::remove_all(paths_.run() / "networks" / network->id, ignored);
    }
}

net::Network Networks::network_of(const EndpointSpec& endpoint) const {
    return store_.get(endpoint.network);
}

void Networks::ensure_firewall(const std::vector<net::Network>& networks) {
    if (auto warning = firewall_.ensure(networks)) {
        log_warning("{}", *warning);
        warnings_.push_back(std::move(*warning));
    }
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
            if (firewall_.restore()) {
                log_warning("somebody removed the rules of table '{}'; they are loaded again", firewall_.table());
            }
            firewall_events_->handle();  // our own loading is told too
            spawn(loop_, place_in_firewalld(), "tell firewalld of our networks");
        }
    }
}

Task<> Networks::place_in_firewalld() {
    const auto placement = firewall_.placement();
    if (!placement) {
        co_return;
    }
    // It may be in the middle of its start: nobody else is to wait for it.
    const std::function<void()> work = [placement = *placement] {
        try {
            constexpr std::chrono::seconds patience{60};
            net::place_in_firewalld(placement, patience);
        } catch (const Error& error) {
            log_warning("{} ({})", error.what(), error.hint());
        }
    };
    co_await offload(loop_, work);
}

int Networks::attach(ContainerRow& row, const NetworkWish& wish) {
    const std::string key = row.id + "/netns";
    const auto endpoints = endpoints_of(wish.spec);
    if (const int known = keeper_.find(key); known >= 0 && row.endpoints.empty() == endpoints.empty()) {
        return known;
    }
    const std::string& mode = wish.spec.network_mode;
    if (mode == "host" || mode.starts_with("container:")) {
        return -1;
    }
    if (!store_.endpoints_of(row.id).empty()) {
        detach(row);  // what a worker that was killed had begun
    }
    Rollback undo;
    undo.on_failure([&] { detach(row); });
    row.endpoints.clear();
    row.ports.clear();
    const int netns = keeper_.keep(key, net::make_netns());
    std::vector<net::Network> taken;
    std::vector<net::GatewayCandidate> candidates;
    for (const EndpointSpec& endpoint : endpoints) {
        taken.push_back(network_of(endpoint));
        candidates.push_back(net::candidate_of(taken.back(), endpoint.gw_priority));
    }
    const net::GatewayChoice routes = net::choose_gateways(candidates);
    for (size_t i = 0; i < endpoints.size(); ++i) {
        while_doing(fmt::format("connect '{}' to network '{}'", row.name, endpoints[i].network), [&] {
            attach_endpoint(netns, row, wish, endpoints[i], {routes.v4 == i, routes.v6 == i});
        });
    }
    if (!endpoints.empty()) {
        serving_[row.id].links = links_of(wish.spec);
        for (net::Network& network : taken) {
            if (network.standing) {
                network = store_.get(network.id);  // it may have got another pool
            }
        }
        ensure_firewall(taken);  // with the leases, without which the standing bridge counts as not there
        publish(row, wish);
        serve(row, wish, netns);
    }
    undo.keep();
    return netns;
}

void Networks::attach_endpoint(int netns, ContainerRow& row, const NetworkWish& wish, const EndpointSpec& spec,
                               DefaultRoutes routes) {
    const net::Network network = network_of(spec);
    net::EndpointRequest request;
    request.owner_id = row.id;
    request.owner_name = row.name;
    request.ifname = spec.interface_name;
    request.ipv4 = spec.ipv4_address;
    request.ipv6 = spec.ipv6_address;
    request.mac = spec.mac_address;
    request.aliases = dns_names(row, wish.spec, spec);
    for (const desired::Link& link : links_of(wish.spec)) {
        request.links.push_back(to_lower(link.container));
    }
    request.exposed = exposed_ports(wish);
    request.link_local_ips = spec.link_local_ips;
    request.driver_opts = spec.driver_opts;
    request.default_route_v4 = routes.v4;
    request.default_route_v6 = routes.v6;
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
        if (keeps_apart(endpoint.network_id)) {
            firewall_.renew_links();
        }
    }
    for (EndpointRow& endpoint : row.endpoints) {
        replace(endpoint.dns_names);
    }
}

void Networks::name_host(const ContainerRow& row) {
    const auto serving = serving_.find(row.id);
    if (serving == serving_.end() || !serving->second.view) {
        return;
    }
    net::Zone& own = serving->second.view->own();
    if (const auto* known = own.find(host_name)) {
        for (const auto stale = *known; const net::IpAddress& address : stale) {
            own.remove(host_name, address);
        }
    }
    for (const EndpointRow& endpoint : row.endpoints) {
        for (const std::string& gateway : {endpoint.ipv4_gateway, endpoint.ipv6_gateway}) {
            if (!gateway.empty()) {
                own.add(host_name, net::IpAddress::parse(gateway));
            }
        }
        if (own.find(host_name)) {
            break;
        }
    }
}

bool Networks::keeps_apart(const std::string& network_id) const {
    const auto network = store_.find(network_id);
    return network && network->keeps_apart();
}

bool Networks::leads_out(const ContainerRow& row) const {
    return std::any_of(row.endpoints.begin(), row.endpoints.end(), [&](const EndpointRow& endpoint) {
        const auto network = store_.find(endpoint.network_id);
        return network && !network->internal;
    });
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
    options.forward = leads_out(row);
    serving.forward = options.forward;
    for (const EndpointRow& endpoint : row.endpoints) {
        serving.view->add_network(endpoint.network, zones_.at(endpoint.network_id).zone);
    }
    for (const std::string& server : wish.spec.dns) {
        options.upstreams.push_back({net::IpAddress::parse(server)});
    }
    name_host(row);
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
    serving.links = links_of(wish.spec);
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
    reserve_again(row);
    relay(row, gateways(row, wish.spec));
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
        if (!row.ports.empty() || !store_.ports_of(row.id).empty()) {
            errors.attempt("withdraw its ports", [&] { firewall_.unpublish(row.id); });
        }
        // The links go with the namespace, all at once, when its last descriptor is closed.
        errors.attempt("give its addresses back", [&] { store_.release_all_of(row.id); });
        if (std::any_of(row.endpoints.begin(), row.endpoints.end(),
                        [&](const EndpointRow& it) { return keeps_apart(it.network_id); })) {
            errors.attempt("withdraw what its links opened", [&] { firewall_.renew_links(); });
        }
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
    remove_leftovers();
    store_.release_standing_link();
    firewall_.remove_if_unused();
}

void Networks::remove_leftovers() {
    for (const std::string& sentence : net::remove_leftovers(store_, [this] { return network_owners(database_); })) {
        log_info("{}", sentence);
    }
}

}  // namespace stack::engine::supervisor
