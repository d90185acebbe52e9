#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "net/firewall.hpp"
#include "net/foreign_filter.hpp"
#include "net/netlink/socket.hpp"
#include "support/error.hpp"

namespace stack::net {
namespace {

constexpr int subsystem_shift = 8;

std::string_view text_of(const nlmsghdr& message, int attribute) {
    const nlattr* found = nlmsg_find_attr(const_cast<nlmsghdr*>(&message), sizeof(nfgenmsg), attribute);
    return found ? std::string_view{nla_get_string(found)} : std::string_view{};
}

/// Removed things whose absence breaks us. NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE and
/// NFTA_SET_ELEM_LIST_TABLE are all number 1.
bool takes_from(const std::string& table, const nlmsghdr& message, int kind) {
    const bool is_removal = kind == NFT_MSG_DELTABLE || kind == NFT_MSG_DELCHAIN || kind == NFT_MSG_DELRULE ||
                            kind == NFT_MSG_DELSET || kind == NFT_MSG_DELSETELEM;
    return is_removal && text_of(message, NFTA_TABLE_NAME) == table;
}

/// Docker or ufw comes, or somebody takes our rules out of their chain.
bool changes_chain_for_users(const nlmsghdr& message, int kind) {
    return (kind == NFT_MSG_NEWCHAIN && is_chain_for_users(text_of(message, NFTA_CHAIN_NAME))) ||
           (kind == NFT_MSG_DELRULE && is_chain_for_users(text_of(message, NFTA_RULE_CHAIN)));
}

/// It starts, or loads all of its rules again. Its bus would tell as well, but at the price of a connection for each of
/// our supervisors, and where there is no firewalld.
bool brings_firewalld(const nlmsghdr& message, int kind) {
    return (kind == NFT_MSG_NEWTABLE && is_table_of_firewalld(text_of(message, NFTA_TABLE_NAME))) ||
           (kind == NFT_MSG_NEWCHAIN && is_chain_of_firewalld(text_of(message, NFTA_CHAIN_NAME)));
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
                                  [&](const nlmsghdr& message) { removed = see(message) || removed; });
    }
}

/// A transaction is told change by change, then who did it (NFT_MSG_NEWGEN): what our own programs take out needs no
/// look.
bool FirewallWatch::see(const nlmsghdr& message) {
    if (message.nlmsg_type >> subsystem_shift != NFNL_SUBSYS_NFTABLES) {
        return false;
    }
    const int kind = message.nlmsg_type & 0xFF;
    if (kind != NFT_MSG_NEWGEN) {
        pending_ = pending_ || takes_from(table_, message, kind) || changes_chain_for_users(message, kind) ||
                   brings_firewalld(message, kind);
        return false;
    }
    return std::exchange(pending_, false) && !text_of(message, NFTA_GEN_PROC_NAME).starts_with("stack");
}

}  // namespace stack::net
