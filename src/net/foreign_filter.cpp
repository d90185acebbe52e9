#include "net/foreign_filter.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include <arpa/inet.h>  // before the kernel's in.h, which gives way to it
#include <endian.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "support/error.hpp"

namespace stack::net {
namespace {

using netlink::Message;

constexpr const char* table = "filter";

struct UserChain {
    std::uint8_t family;
    const char* name;
};
constexpr std::array user_chains{UserChain{NFPROTO_IPV4, "DOCKER-USER"}, UserChain{NFPROTO_IPV6, "DOCKER-USER"},
                                 UserChain{NFPROTO_IPV4, "ufw-user-forward"},
                                 UserChain{NFPROTO_IPV6, "ufw6-user-forward"}};

Message message(int type, int flags, std::uint8_t family, std::string what) {
    Message out{NFNL_SUBSYS_NFTABLES << 8 | type, flags, std::move(what)};
    out.header(nfgenmsg{family, NFNETLINK_V0, 0});
    return out;
}

bool is_there(netlink::Socket& socket, const UserChain& chain) {
    Message request = message(NFT_MSG_GETCHAIN, 0, chain.family, fmt::format("look for the chain {}", chain.name));
    request.put_text(NFTA_CHAIN_TABLE, table).put_text(NFTA_CHAIN_NAME, chain.name);
    bool found = false;
    try {
        socket.dump(
            request, [&](const nlmsghdr&) { found = true; }, [] {});
    } catch (const SysError& error) {
        if (error.err() != ENOENT && error.err() != EAFNOSUPPORT) {
            throw;
        }
    }
    return found;
}

/// One rule of ours, and the direction and link that it tells of in its comment.
struct Known {
    std::uint64_t handle{0};
    std::string comment;
};

std::string comment_in(const nlattr* userdata) {
    // libnftnl's user data: type (0 is the comment), length, text with its terminating zero
    if (!userdata || nla_len(userdata) < 3) {
        return {};
    }
    const auto* bytes = static_cast<const char*>(nla_data(userdata));
    const auto length = static_cast<size_t>(static_cast<unsigned char>(bytes[1]));
    const bool whole = bytes[0] == 0 && length > 0 && length + 2 <= static_cast<size_t>(nla_len(userdata));
    return whole ? std::string{bytes + 2, length - 1} : std::string{};
}

std::vector<Known> list_ours(netlink::Socket& socket, const UserChain& chain, const std::string& mark) {
    std::vector<Known> out;
    Message request =
        message(NFT_MSG_GETRULE, NLM_F_DUMP, chain.family, fmt::format("list the rules of {}", chain.name));
    request.put_text(NFTA_RULE_TABLE, table).put_text(NFTA_RULE_CHAIN, chain.name);
    socket.dump(
        request,
        [&](const nlmsghdr& answer) {
            nlattr* attributes[NFTA_RULE_MAX + 1] = {};
            nlmsg_parse(const_cast<nlmsghdr*>(&answer), sizeof(nfgenmsg), attributes, NFTA_RULE_MAX, nullptr);
            const std::string comment = comment_in(attributes[NFTA_RULE_USERDATA]);
            if (comment.starts_with(mark + " ") && attributes[NFTA_RULE_HANDLE]) {
                out.push_back({be64toh(nla_get_u64(attributes[NFTA_RULE_HANDLE])), comment});
            }
        },
        [&] { out.clear(); });
    return out;
}

Message remove_rule(const UserChain& chain, std::uint64_t handle) {
    Message out = message(NFT_MSG_DELRULE, 0, chain.family, fmt::format("remove our rule from {}", chain.name));
    out.put_text(NFTA_RULE_TABLE, table).put_text(NFTA_RULE_CHAIN, chain.name).put_be64(NFTA_RULE_HANDLE, handle);
    return out;
}

enum class Direction { in, out };

void put_expression(Message& list, const char* name, const std::function<void(Message&)>& body) {
    list.nest(NFTA_LIST_ELEM, [&](Message& element) {
        element.put_text(NFTA_EXPR_NAME, name);
        element.nest(NFTA_EXPR_DATA, body);
    });
}

/// As iptables writes `-i LINK -j ACCEPT` (`-i LINK+` for a prefix: compared without its terminating zero), so that
/// iptables(8) reads it back. Before all others: Docker has a RETURN at the chain's end.
Message add_rule(const UserChain& chain, Direction direction, const LinkPattern& link, const std::string& comment) {
    Message out =
        message(NFT_MSG_NEWRULE, NLM_F_CREATE, chain.family, fmt::format("let our networks through {}", chain.name));
    out.put_text(NFTA_RULE_TABLE, table).put_text(NFTA_RULE_CHAIN, chain.name);
    out.nest(NFTA_RULE_EXPRESSIONS, [&](Message& list) {
        put_expression(list, "meta", [&](Message& meta) {
            meta.put_be32(NFTA_META_KEY, direction == Direction::in ? NFT_META_IIFNAME : NFT_META_OIFNAME);
            meta.put_be32(NFTA_META_DREG, NFT_REG_1);
        });
        put_expression(list, "cmp", [&](Message& compare) {
            compare.put_be32(NFTA_CMP_SREG, NFT_REG_1);
            compare.put_be32(NFTA_CMP_OP, NFT_CMP_EQ);
            const size_t length = link.name.size() + (link.is_prefix ? 0 : 1);
            compare.nest(NFTA_CMP_DATA, [&](Message& data) { data.put(NFTA_DATA_VALUE, {link.name.c_str(), length}); });
        });
        put_expression(list, "counter", [](Message&) {});
        put_expression(list, "immediate", [](Message& immediate) {
            immediate.put_be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
            immediate.nest(NFTA_IMMEDIATE_DATA, [](Message& data) {
                data.nest(NFTA_DATA_VERDICT, [](Message& code) { code.put_be32(NFTA_VERDICT_CODE, NF_ACCEPT); });
            });
        });
    });
    std::string userdata{'\0', static_cast<char>(comment.size() + 1)};
    userdata.append(comment.c_str(), comment.size() + 1);
    out.put(NFTA_RULE_USERDATA, userdata);
    return out;
}

void settle(netlink::Socket& socket, const UserChain& chain, const std::string& mark,
            const std::vector<LinkPattern>& links) {
    auto known = list_ours(socket, chain, mark);
    std::vector<Message> batch;
    for (const LinkPattern& link : links) {
        for (const Direction direction : {Direction::in, Direction::out}) {
            const std::string comment = fmt::format("{} {} {}{}", mark, direction == Direction::in ? "in" : "out",
                                                    link.name, link.is_prefix ? "+" : "");
            const auto there =
                std::find_if(known.begin(), known.end(), [&](const Known& it) { return it.comment == comment; });
            if (there == known.end()) {
                batch.push_back(add_rule(chain, direction, link, comment));
            } else {
                known.erase(there);
            }
        }
    }
    for (const Known& stale : known) {
        batch.push_back(remove_rule(chain, stale.handle));
    }
    if (!batch.empty()) {
        socket.execute_transaction(batch, NFNL_SUBSYS_NFTABLES);
    }
}

}  // namespace

void let_through_others(netlink::Socket& nfnetlink, const std::string& mark, const std::vector<LinkPattern>& links) {
    for (const UserChain& chain : user_chains) {
        if (is_there(nfnetlink, chain)) {
            settle(nfnetlink, chain, mark, links);
        }
    }
}

bool is_chain_for_users(std::string_view name) noexcept {
    return std::any_of(user_chains.begin(), user_chains.end(),
                       [&](const UserChain& chain) { return name == chain.name; });
}

}  // namespace stack::net
