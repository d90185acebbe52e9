#include "net/host_links.hpp"

#include <cerrno>
#include <vector>

#include <fmt/format.h>

#include "net/netlink/links.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

/// Four characters of 36: with the prefix and the tag exactly the 15 that a link's name may have.
std::string short_suffix(const std::string& id, unsigned attempt) {
    constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
    const std::string digest = attempt == 0 ? id : sha256_hex(fmt::format("{}/{}", id, attempt));
    auto number = parse_uint(std::string_view{digest}.substr(0, 12), 16).value_or(0);
    std::string out;
    for (int i = 0; i < 4; ++i) {
        out.push_back(digits[number % digits.size()]);
        number /= digits.size();
    }
    return out;
}

void write_sysctl(const std::string& link, std::string_view family, std::string_view key, std::string_view value) {
    write_file(fmt::format("/proc/sys/net/{}/conf/{}/{}", family, link, key), value);
}

void set_sysctls(const Network& network) {
    // Published ports are reached at 127.0.0.1 too; firewall.hpp keeps containers from the host's 127.0.0.0/8.
    write_sysctl(network.link, "ipv4", "route_localnet", "1");
    if (find_file("/proc/sys/net/ipv6/conf/all/disable_ipv6")) {
        write_sysctl(network.link, "ipv6", "accept_ra", "0");
        // While its link-local address waits for duplicate address detection the host asks for no neighbour on behalf
        // of others: what is forwarded to a container would be lost for a second or two.
        write_sysctl(network.link, "ipv6", "accept_dad", "0");
        write_sysctl(network.link, "ipv6", "disable_ipv6", network.pool_v6() ? "0" : "1");
    }
}

/// A bridge of that name that somebody else made is not taken over: remove_bridge would take it away from them.
void require_ours(netlink::Socket& socket, const Network& network, const std::string& tag) {
    const std::string alias = bridge_alias(tag, network.id);
    for (const auto& link : netlink::list_links(socket)) {
        if (link.name == network.link && link.alias != alias) {
            throw Error(Errc::conflict, fmt::format("there is a link '{}' already that network '{}' did not make",
                                                    link.name, network.name));
        }
    }
}

MacAddress bridge_mac(const Network& network) {
    const Pool* pool = network.pool_v4();
    return pool && pool->gateway ? MacAddress::from_ipv4(*pool->gateway) : MacAddress::random();
}

}  // namespace

void make_bridge(netlink::Socket& socket, const Network& network, const std::string& tag) {
    if (netlink::find_link_index(socket, network.link)) {
        require_ours(socket, network, tag);
    } else {
        netlink::Message add = netlink::add_bridge(network.link, bridge_mac(network), network.mtu());
        add.tolerate(EEXIST);  // another of our processes was quicker
        socket.execute(std::move(add));
    }
    const auto index = netlink::find_link_index(socket, network.link);
    if (!index) {
        throw Error(Errc::system, fmt::format("the bridge '{}' vanished while it was being made", network.link));
    }
    set_sysctls(network);
    std::vector<netlink::Message> batch;
    batch.push_back(netlink::set_up_with_alias(*index, bridge_alias(tag, network.id)));
    for (const Pool& pool : network.pools) {
        if (pool.gateway) {
            batch.push_back(netlink::add_address(*index, *pool.gateway, pool.subnet.prefix));
        }
    }
    socket.execute(batch);
}

void remove_bridge(netlink::Socket& socket, const std::string& name) {
    if (const auto index = netlink::find_link_index(socket, name)) {
        socket.execute(netlink::remove_link(*index, name));
    }
}

std::string bridge_alias(const std::string& tag, const std::string& network_id) {
    return fmt::format("stack:{}:network:{}", tag, network_id);
}

std::string bridge_name(const std::string& tag, const std::string& network_id, bool standing, unsigned attempt) {
    return fmt::format("stk{}{}", tag, standing ? std::string{} : short_suffix(network_id, attempt));
}

std::string veth_name(const std::string& tag, const std::string& endpoint_id, unsigned attempt) {
    return fmt::format("stv{}{}", tag, short_suffix(endpoint_id, attempt));
}

}  // namespace stack::net
