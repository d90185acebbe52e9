#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "net/firewall.hpp"
#include "net/netlink/socket.hpp"
#include "support/error.hpp"

namespace stack::net {
namespace {

constexpr int subsystem_shift = 8;

/// Removed things whose absence breaks us. Elements that go are our own doing: flush ruleset removes tables.
bool is_removal(const nlmsghdr& message) {
    if (message.nlmsg_type >> subsystem_shift != NFNL_SUBSYS_NFTABLES) {
        return false;
    }
    const int kind = message.nlmsg_type & 0xFF;
    return kind == NFT_MSG_DELTABLE || kind == NFT_MSG_DELCHAIN || kind == NFT_MSG_DELRULE || kind == NFT_MSG_DELSET;
}

/// NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE and NFTA_SET_TABLE are all number 1.
bool names_table(const nlmsghdr& message, const std::string& table) {
    const nlattr* name = nlmsg_find_attr(const_cast<nlmsghdr*>(&message), sizeof(nfgenmsg), NFTA_TABLE_NAME);
    return name && table == nla_get_string(name);
}

}  // namespace

FirewallWatch::FirewallWatch(std::string table) : table_{std::move(table)} {
    netlink::Socket socket{NETLINK_NETFILTER};
    socket.join(NFNLGRP_NFTABLES);
    socket_ = socket.take();
}

bool FirewallWatch::handle() {
    bool removed = false;
    std::array<char, 65536> buffer;
    while (true) {
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && errno == ENOBUFS) {
            removed = true;  // so much happened that we missed some of it
        } else if (got < 0 && errno != EINTR) {
            if (errno != EAGAIN) {
                throw SysError(errno, "watch the firewall");
            }
            return removed;
        }
        netlink::for_each_message({buffer.data(), got > 0 ? static_cast<size_t>(got) : 0},
                                  [&](const nlmsghdr& message) {
                                      removed = removed || (is_removal(message) && names_table(message, table_));
                                  });
    }
}

}  // namespace stack::net
