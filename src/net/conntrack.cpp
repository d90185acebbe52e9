#include "net/conntrack.hpp"

#include <algorithm>
#include <cerrno>
#include <set>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "net/netlink/socket.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace stack::net {
namespace {

constexpr int subsystem = NFNL_SUBSYS_CTNETLINK << 8;

netlink::Message request(int type, int flags, std::uint8_t family) {
    netlink::Message out{subsystem | type, flags, "forget UDP flows"};
    out.header(nfgenmsg{family, NFNETLINK_V0, 0});
    return out;
}

/// The port that a UDP flow was sent to, before translation; 0 for other protocols.
std::uint16_t udp_port_of(nlattr* tuple) {
    nlattr* parts[CTA_TUPLE_MAX + 1] = {};
    nlattr* protocol[CTA_PROTO_MAX + 1] = {};
    if (nla_parse_nested(parts, CTA_TUPLE_MAX, tuple, nullptr) < 0 || !parts[CTA_TUPLE_PROTO] ||
        nla_parse_nested(protocol, CTA_PROTO_MAX, parts[CTA_TUPLE_PROTO], nullptr) < 0 || !protocol[CTA_PROTO_NUM] ||
        !protocol[CTA_PROTO_DST_PORT] || nla_get_u8(protocol[CTA_PROTO_NUM]) != IPPROTO_UDP) {
        return 0;
    }
    return ntohs(nla_get_u16(protocol[CTA_PROTO_DST_PORT]));
}

/// One message for each flow to one of the ports, naming it by its tuple.
std::vector<netlink::Message> find_flows(netlink::Socket& socket, const std::set<std::uint16_t>& ports) {
    std::vector<netlink::Message> out;
    auto list = request(IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
    socket.dump(
        list,
        [&](const nlmsghdr& answer) {
            auto* message = const_cast<nlmsghdr*>(&answer);
            nlattr* tuple = nlmsg_find_attr(message, sizeof(nfgenmsg), CTA_TUPLE_ORIG);
            if (tuple && ports.contains(udp_port_of(tuple))) {
                const auto family = static_cast<const nfgenmsg*>(nlmsg_data(message))->nfgen_family;
                auto forget = request(IPCTNL_MSG_CT_DELETE, 0, family);
                forget.put(NLA_F_NESTED | CTA_TUPLE_ORIG,
                           {static_cast<const char*>(nla_data(tuple)), static_cast<size_t>(nla_len(tuple))});
                forget.tolerate(ENOENT);  // it ended meanwhile
                out.push_back(std::move(forget));
            }
        },
        [&] { out.clear(); });
    return out;
}

}  // namespace

void forget_udp_flows(const std::vector<PortForward>& ports) {
    std::set<std::uint16_t> wanted;
    for (const PortForward& port : ports) {
        if (port.protocol == "udp") {
            wanted.insert(port.host_port);
        }
    }
    if (wanted.empty()) {
        return;
    }
    try {
        netlink::Socket socket{NETLINK_NETFILTER};
        auto flows = find_flows(socket, wanted);
        socket.execute(flows);
    } catch (const SysError& error) {
        // Without nf_conntrack_netlink new clients are served all the same.
        log_warning("forget UDP flows: {}", error.what());
    }
}

}  // namespace stack::net
