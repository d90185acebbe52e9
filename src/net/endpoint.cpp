#include "net/endpoint.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/netlink.h>

#include "net/host_links.hpp"
#include "net/netlink/links.hpp"
#include "net/netns.hpp"
#include "net/network_store.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/rollback.hpp"

namespace stack::net {
namespace {

std::string interface_prefix(const Network& network) {
    const auto found = network.driver_opts.find("com.docker.network.container_iface_prefix");
    return found == network.driver_opts.end() ? "eth" : found->second;
}

/// A netlink socket that lives in `netns`.
netlink::Socket socket_in(int netns) {
    return run_in_netns(netns, [] { return netlink::Socket{NETLINK_ROUTE}; });
}

std::string first_free_name(const netlink::Socket& inside, const std::string& prefix) {
    for (int number = 0;; ++number) {
        std::string name = fmt::format("{}{}", prefix, number);
        if (!netlink::find_link_index(inside, name)) {
            return name;
        }
    }
}

void make_veth(netlink::Socket& host, const Network& network, const Endpoint& endpoint, int netns) {
    const auto bridge = netlink::find_link_index(host, network.link);
    if (!bridge) {
        throw Error(Errc::system, fmt::format("the bridge '{}' of network '{}' is gone", network.link, network.name));
    }
    std::vector<netlink::Message> batch;
    batch.push_back(
        netlink::add_veth({endpoint.host_link, endpoint.ifname, *bridge, netns, endpoint.mac, network.mtu()}));
    batch.push_back(netlink::set_port_options(endpoint.host_link, !network.icc()));
    try {
        host.execute(batch);
    } catch (const SysError& error) {
        // BR_MAX_PORTS is 1024 (net/bridge/br_private.h) and port number 0 is never given out.
        if (error.err() == EXFULL) {
            throw Error(Errc::conflict,
                        fmt::format("network '{}' is full: a bridge has at most 1023 ports", network.name))
                .hint("spread the services over several networks");
        }
        throw;
    }
}

std::uint32_t macvlan_mode(const Network& network) {
    constexpr std::uint32_t private_mode = 1, vepa = 2, bridge = 4, passthru = 8;
    const auto found = network.driver_opts.find("macvlan_mode");
    const std::string mode = found == network.driver_opts.end() ? "bridge" : found->second;
    return mode == "private" ? private_mode : mode == "vepa" ? vepa : mode == "passthru" ? passthru : bridge;
}

int parent_of(netlink::Socket& host, const Network& network) {
    const auto parent = netlink::find_link_index(host, network.link);
    if (!parent) {
        throw Error(Errc::not_found, fmt::format("network '{}' has the parent '{}', which this host does not have",
                                                 network.name, network.link));
    }
    return *parent;
}

void make_macvlan(netlink::Socket& host, const Network& network, const Endpoint& endpoint, int netns) {
    const int parent = parent_of(host, network);
    host.execute(
        netlink::add_macvlan({endpoint.ifname, parent, netns, macvlan_mode(network), endpoint.mac, network.mtu()}));
}

std::uint16_t ipvlan_mode(const Network& network) {
    const auto found = network.driver_opts.find("ipvlan_mode");
    const std::string mode = found == network.driver_opts.end() ? "l2" : found->second;
    return mode == "l3" ? IPVLAN_MODE_L3 : mode == "l3s" ? IPVLAN_MODE_L3S : IPVLAN_MODE_L2;
}

void make_ipvlan(netlink::Socket& host, const Network& network, const Endpoint& endpoint, int netns) {
    try {
        host.execute(netlink::add_ipvlan(
            {endpoint.ifname, parent_of(host, network), netns, ipvlan_mode(network), network.mtu()}));
    } catch (const SysError& error) {
        if (error.err() != EOPNOTSUPP) {
            throw;
        }
        throw Error(Errc::unsupported,
                    fmt::format("cannot connect to network '{}': this kernel has no ipvlan", network.name))
            .hint("load its module ('modprobe ipvlan'), or use the driver macvlan");
    }
}

void make_link(netlink::Socket& host, const Network& network, const Endpoint& endpoint, int netns) {
    if (network.driver == "bridge") {
        make_veth(host, network, endpoint, netns);
    } else if (network.driver == "macvlan") {
        make_macvlan(host, network, endpoint, netns);
    } else if (network.driver == "ipvlan") {
        make_ipvlan(host, network, endpoint, netns);
    } else {
        throw Error(Errc::unsupported, fmt::format("networks of driver '{}' cannot be attached to", network.driver));
    }
}

/// make_netns() turned IPv6 off for links to come, so that no link-local addresses and router solicitations appear on
/// networks that have none.
void set_ipv6(int netns, const std::string& ifname, bool on) {
    run_in_netns(netns, [&] {
        const std::string file = fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", ifname);
        if (find_file(file)) {
            write_file(file, on ? "0" : "1");
        }
    });
}

/// Ports of a bridge without icc hand no frames to one another. So that the host's rules can let through what is
/// linked, the neighbours are reached by the host.
void route_by_host(int index, const Endpoint& endpoint, std::vector<netlink::Message>& batch) {
    const auto add = [&](const auto& address, int prefix, const auto& gateway) {
        if (address && gateway) {
            std::ranges::move(netlink::add_subnet_route(index, Subnet::of(*address, prefix), *gateway),
                              std::back_inserter(batch));
        }
    };
    add(endpoint.ipv4, endpoint.ipv4_prefix, endpoint.gateway_v4);
    add(endpoint.ipv6, endpoint.ipv6_prefix, endpoint.gateway_v6);
}

void configure(netlink::Socket& inside, const Network& network, const Endpoint& endpoint,
               const EndpointRequest& request) {
    const auto index = netlink::find_link_index(inside, endpoint.ifname);
    if (!index) {
        throw Error(Errc::system, fmt::format("the link '{}' did not appear in the container", endpoint.ifname));
    }
    std::vector<netlink::Message> batch;
    const bool apart = network.keeps_apart();
    if (endpoint.ipv4) {
        batch.push_back(netlink::add_address(*index, *endpoint.ipv4, endpoint.ipv4_prefix, !apart));
    }
    if (endpoint.ipv6) {
        batch.push_back(netlink::add_address(*index, *endpoint.ipv6, endpoint.ipv6_prefix, !apart));
    }
    for (const std::string& text : request.link_local_ips) {
        const IpAddress address = IpAddress::parse(text);
        batch.push_back(netlink::add_address(*index, address, address.is_v6() ? 64 : 16));
    }
    batch.push_back(netlink::set_up(*index, endpoint.ifname));
    if (apart) {
        route_by_host(*index, endpoint, batch);
    }
    if (request.default_route_v4 && endpoint.gateway_v4 && !network.internal) {
        batch.push_back(netlink::add_default_route(*index, *endpoint.gateway_v4));
    }
    if (request.default_route_v6 && endpoint.gateway_v6 && !network.internal) {
        batch.push_back(netlink::add_default_route(*index, *endpoint.gateway_v6));
    }
    inside.execute(batch);
}

bool has_link(const Network& network) {
    return network.driver != "host" && network.driver != "null";
}

}  // namespace

Endpoint attach(int netns, NetworkStore& store, const Network& asked, const EndpointRequest& request) {
    if (!has_link(asked)) {
        return store.lease(asked, request);
    }
    const Network network = store.ensure_link(asked);
    netlink::Socket inside = socket_in(netns);
    EndpointRequest named = request;
    if (named.ifname.empty()) {
        named.ifname = first_free_name(inside, interface_prefix(network));
    }
    const Endpoint endpoint = store.lease(network, named);
    Rollback undo;  // after what its steps refer to, which must outlive it
    undo.on_failure([&] { store.release(endpoint.id); });
    if (network.standing) {
        store.ensure_link(network);  // its last user may have taken it off just before our row was there
    }
    netlink::Socket host{NETLINK_ROUTE};
    make_link(host, network, endpoint, netns);
    undo.on_failure([&] {
        if (const auto index = netlink::find_link_index(inside, endpoint.ifname)) {
            inside.execute(netlink::remove_link(*index, endpoint.ifname));
        }
    });
    if (endpoint.ipv6) {
        set_ipv6(netns, endpoint.ifname, true);
    }
    configure(inside, network, endpoint, named);
    undo.keep();
    return endpoint;
}

void detach(int netns, NetworkStore& store, const Endpoint& endpoint) {
    netlink::Socket host{NETLINK_ROUTE};
    if (const auto index = netlink::find_link_index(host, endpoint.host_link)) {
        host.execute(netlink::remove_link(*index, endpoint.host_link));
    } else if (endpoint.host_link.empty() && netns >= 0 && !endpoint.ifname.empty()) {
        netlink::Socket inside = socket_in(netns);
        if (const auto macvlan = netlink::find_link_index(inside, endpoint.ifname)) {
            inside.execute(netlink::remove_link(*macvlan, endpoint.ifname));
        }
    }
    store.release(endpoint.id);
}

}  // namespace stack::net
