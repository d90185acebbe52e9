#include "net/netlink/links.hpp"

#include <cstring>

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/ioctl.h>

#include "support/error.hpp"

namespace stack::net::netlink {
namespace {

std::string_view mac_bytes(const MacAddress& mac) {
    return {reinterpret_cast<const char*>(mac.bytes.data()), mac.bytes.size()};
}

ifinfomsg link_header(int index = 0, bool up = false) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = index;
    if (up) {
        header.ifi_flags = IFF_UP;
        header.ifi_change = IFF_UP;
    }
    return header;
}

void put_mtu(Message& message, int mtu) {
    if (mtu > 0) {
        message.put_u32(IFLA_MTU, static_cast<std::uint32_t>(mtu));
    }
}

Message new_link(const std::string& name, std::string what) {
    Message message{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, std::move(what)};
    message.header(link_header(0, true)).put_text(IFLA_IFNAME, name);
    return message;
}

}  // namespace

std::optional<int> find_link_index(const Socket& socket, const std::string& name) {
    ifreq request{};
    if (name.empty() || name.size() >= IFNAMSIZ) {
        return std::nullopt;
    }
    std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
    if (::ioctl(socket.fd(), SIOCGIFINDEX, &request) == 0) {
        return request.ifr_ifindex;
    }
    if (errno != ENODEV) {
        throw SysError(errno, fmt::format("look for the link '{}'", name));
    }
    return std::nullopt;
}

Message add_bridge(const std::string& name, const MacAddress& mac, int mtu) {
    Message message = new_link(name, fmt::format("make the bridge '{}'", name));
    message.put(IFLA_ADDRESS, mac_bytes(mac));
    put_mtu(message, mtu);
    message.nest(IFLA_LINKINFO, [](Message& info) { info.put_text(IFLA_INFO_KIND, "bridge"); });
    return message;
}

Message set_up(int index, const std::string& name) {
    Message message{RTM_SETLINK, 0, fmt::format("bring '{}' up", name)};
    message.header(link_header(index, true));
    return message;
}

Message set_up_with_alias(int index, const std::string& alias) {
    Message message{RTM_SETLINK, 0, fmt::format("label the link of '{}'", alias)};
    message.header(link_header(index, true)).put(IFLA_IFALIAS, alias);
    return message;
}

Message add_veth(const VethRequest& request) {
    Message message = new_link(request.host_name, fmt::format("make the link '{}'", request.host_name));
    if (request.bridge_index > 0) {
        message.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(request.bridge_index));
    }
    put_mtu(message, request.mtu);
    message.nest(IFLA_LINKINFO, [&](Message& info) {
        info.put_text(IFLA_INFO_KIND, "veth");
        info.nest(IFLA_INFO_DATA, [&](Message& data) {
            data.nest(VETH_INFO_PEER, [&](Message& peer) {
                // Not up: veth_open() wants the other end, which is made after this one.
                peer.header(link_header());
                peer.put_text(IFLA_IFNAME, request.name);
                peer.put(IFLA_ADDRESS, mac_bytes(request.mac));
                peer.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(request.netns));
                put_mtu(peer, request.mtu);
            });
        });
    });
    return message;
}

Message set_port_options(const std::string& name, bool isolated) {
    Message message{RTM_NEWLINK, 0, fmt::format("set the options of the bridge port '{}'", name)};
    message.header(link_header()).put_text(IFLA_IFNAME, name);
    message.nest(IFLA_LINKINFO, [&](Message& info) {
        info.put_text(IFLA_INFO_SLAVE_KIND, "bridge");
        info.nest(IFLA_INFO_SLAVE_DATA, [&](Message& data) {
            data.put_u8(IFLA_BRPORT_MODE, 1);
            data.put_u8(IFLA_BRPORT_ISOLATED, isolated ? 1 : 0);
        });
    });
    return message;
}

Message add_macvlan(const MacvlanRequest& request) {
    Message message = new_link(request.name, fmt::format("make the macvlan link '{}'", request.name));
    message.put_u32(IFLA_LINK, static_cast<std::uint32_t>(request.parent_index));
    message.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(request.netns));
    message.put(IFLA_ADDRESS, mac_bytes(request.mac));
    put_mtu(message, request.mtu);
    message.nest(IFLA_LINKINFO, [&](Message& info) {
        info.put_text(IFLA_INFO_KIND, "macvlan");
        info.nest(IFLA_INFO_DATA, [&](Message& data) { data.put_u32(IFLA_MACVLAN_MODE, request.mode); });
    });
    return message;
}

Message add_ipvlan(const IpvlanRequest& request) {
    Message message = new_link(request.name, fmt::format("make the ipvlan link '{}'", request.name));
    message.put_u32(IFLA_LINK, static_cast<std::uint32_t>(request.parent_index));
    message.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(request.netns));
    put_mtu(message, request.mtu);
    message.nest(IFLA_LINKINFO, [&](Message& info) {
        info.put_text(IFLA_INFO_KIND, "ipvlan");
        info.nest(IFLA_INFO_DATA, [&](Message& data) { data.put_u16(IFLA_IPVLAN_MODE, request.mode); });
    });
    return message;
}

Message add_address(int index, const IpAddress& address, int prefix, bool neighbours) {
    Message message{RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
                    fmt::format("add the address {}/{}", to_string(address), prefix)};
    ifaddrmsg header{};
    header.ifa_family = address.is_v6() ? AF_INET6 : AF_INET;
    header.ifa_prefixlen = static_cast<std::uint8_t>(prefix);
    // The pool is ours: nobody else can have the address, so do not wait a second for duplicate address detection.
    header.ifa_flags = address.is_v6() ? IFA_F_NODAD : 0;
    header.ifa_index = static_cast<std::uint32_t>(index);
    message.header(header).put(IFA_LOCAL, address.bytes()).put(IFA_ADDRESS, address.bytes());
    if (!address.is_v6() && prefix < 31) {
        message.put(IFA_BROADCAST, Subnet::of(address, prefix).last().bytes());
    }
    if (!neighbours) {
        message.put_u32(IFA_FLAGS, header.ifa_flags | std::uint32_t{IFA_F_NOPREFIXROUTE});  // IPv4: since 4.18
    }
    return message;
}

namespace {

Message add_route(int index, const Subnet& to, const IpAddress* gateway, std::string what) {
    Message message{RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, std::move(what)};
    rtmsg header{};
    header.rtm_family = to.base.is_v6() ? AF_INET6 : AF_INET;
    header.rtm_dst_len = static_cast<unsigned char>(to.prefix);
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = RTPROT_BOOT;
    header.rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    header.rtm_type = RTN_UNICAST;
    message.header(header);
    if (to.prefix > 0) {
        message.put(RTA_DST, to.base.bytes());
    }
    if (gateway) {
        message.put(RTA_GATEWAY, gateway->bytes());
    }
    message.put_u32(RTA_OIF, static_cast<std::uint32_t>(index));
    return message;
}

}  // namespace

Message add_default_route(int index, const IpAddress& gateway) {
    return add_route(index, Subnet::of(gateway, 0), &gateway,
                     fmt::format("add the default route by {}", to_string(gateway)));
}

std::vector<Message> add_subnet_route(int index, const Subnet& subnet, const IpAddress& gateway) {
    std::vector<Message> out;
    out.push_back(add_route(index, Subnet::of(gateway, gateway.is_v6() ? 128 : 32), nullptr,
                            fmt::format("add the route to {}", to_string(gateway))));
    out.push_back(add_route(index, subnet, &gateway,
                            fmt::format("add the route to {} by {}", to_string(subnet), to_string(gateway))));
    return out;
}

Message remove_default_route(int family) {
    Message message{RTM_DELROUTE, 0, "remove the default route"};
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(family);
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_scope = RT_SCOPE_NOWHERE;  // any
    header.rtm_type = RTN_UNICAST;
    message.header(header).tolerate(ESRCH).tolerate(ENOENT).tolerate(EAFNOSUPPORT);
    return message;
}

Message remove_link(int index, const std::string& name) {
    Message message{RTM_DELLINK, 0, fmt::format("remove the link '{}'", name)};
    message.header(link_header(index)).tolerate(ENODEV);
    return message;
}

namespace {

std::string text_of(nlattr* attribute) {
    return attribute ? std::string{static_cast<const char*>(nla_data(attribute)),
                                   strnlen(static_cast<const char*>(nla_data(attribute)),
                                           static_cast<size_t>(nla_len(attribute)))}
                     : std::string{};
}

Link parse_link(const nlmsghdr& message) {
    nlattr* attributes[IFLA_MAX + 1] = {};
    nlmsg_parse(const_cast<nlmsghdr*>(&message), sizeof(ifinfomsg), attributes, IFLA_MAX, nullptr);
    const auto* header = static_cast<const ifinfomsg*>(nlmsg_data(&message));
    Link link;
    link.index = header->ifi_index;
    link.up = (header->ifi_flags & IFF_UP) != 0;
    link.name = text_of(attributes[IFLA_IFNAME]);
    link.alias = text_of(attributes[IFLA_IFALIAS]);
    link.master = attributes[IFLA_MASTER] ? static_cast<int>(nla_get_u32(attributes[IFLA_MASTER])) : 0;
    if (attributes[IFLA_LINKINFO]) {
        nlattr* info[IFLA_INFO_MAX + 1] = {};
        nla_parse_nested(info, IFLA_INFO_MAX, attributes[IFLA_LINKINFO], nullptr);
        link.kind = text_of(info[IFLA_INFO_KIND]);
    }
    return link;
}

std::optional<Subnet> parse_route(const nlmsghdr& message) {
    nlattr* attributes[RTA_MAX + 1] = {};
    nlmsg_parse(const_cast<nlmsghdr*>(&message), sizeof(rtmsg), attributes, RTA_MAX, nullptr);
    const auto* header = static_cast<const rtmsg*>(nlmsg_data(&message));
    const nlattr* destination = attributes[RTA_DST];
    if (!destination || header->rtm_dst_len == 0 || (header->rtm_flags & RTM_F_CLONED) != 0 ||
        (header->rtm_type != RTN_UNICAST && header->rtm_type != RTN_LOCAL && header->rtm_type != RTN_BLACKHOLE &&
         header->rtm_type != RTN_UNREACHABLE)) {
        return std::nullopt;
    }
    const auto address = IpAddress::from_bytes(
        {static_cast<const char*>(nla_data(destination)), static_cast<size_t>(nla_len(destination))});
    return Subnet::of(address, header->rtm_dst_len);
}

}  // namespace

std::vector<Link> list_links(Socket& socket) {
    std::vector<Link> out;
    Message request{RTM_GETLINK, NLM_F_DUMP, "list the links"};
    request.header(link_header());
    socket.dump(
        request, [&](const nlmsghdr& message) { out.push_back(parse_link(message)); }, [&] { out.clear(); });
    return out;
}

std::vector<Subnet> list_used_subnets(Socket& socket) {
    std::vector<Subnet> out;
    for (const int family : {AF_INET, AF_INET6}) {
        Message request{RTM_GETROUTE, NLM_F_DUMP, "list the routes"};
        rtmsg header{};
        header.rtm_family = static_cast<unsigned char>(family);
        request.header(header);
        // A change while we read only means that we see some routes twice.
        socket.dump(request, [&](const nlmsghdr& message) {
            if (const auto subnet = parse_route(message)) {
                out.push_back(*subnet);
            }
        });
    }
    return out;
}

}  // namespace stack::net::netlink
