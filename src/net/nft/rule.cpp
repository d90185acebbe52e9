#include "net/nft/rule.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

namespace stack::net::nft {
namespace {

using netlink::Message;

std::uint32_t number(Register reg) {
    return static_cast<std::uint32_t>(reg);
}

/// Values of meta, ct and fib expressions lie in registers in host order.
std::string host_order(std::uint32_t value) {
    std::string out(sizeof value, '\0');
    std::memcpy(out.data(), &value, sizeof value);
    return out;
}

constexpr std::uint32_t ipv4_source = 12, ipv4_destination = 16, ipv6_source = 8, ipv6_destination = 24;
constexpr std::uint32_t destination_port = 2;

}  // namespace

Rule& Rule::expression(std::string name, Body body) {
    expressions_.emplace_back(std::move(name), std::move(body));
    return *this;
}

Rule& Rule::meta(std::uint32_t key, Register to) {
    return expression("meta", [=](Message& m) {
        m.put_be32(NFTA_META_KEY, key);
        m.put_be32(NFTA_META_DREG, number(to));
    });
}

Rule& Rule::compare(Register reg, std::string value, bool equal) {
    return expression("cmp", [=, value = std::move(value)](Message& m) {
        m.put_be32(NFTA_CMP_SREG, number(reg));
        m.put_be32(NFTA_CMP_OP, equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
        m.nest(NFTA_CMP_DATA, [&](Message& data) { data.put(NFTA_DATA_VALUE, value); });
    });
}

Rule& Rule::load_payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length, Register to) {
    return expression("payload", [=](Message& m) {
        m.put_be32(NFTA_PAYLOAD_DREG, number(to));
        m.put_be32(NFTA_PAYLOAD_BASE, base);
        m.put_be32(NFTA_PAYLOAD_OFFSET, offset);
        m.put_be32(NFTA_PAYLOAD_LEN, length);
    });
}

Rule& Rule::family(Family family) {
    const auto protocol = static_cast<char>(family == Family::ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
    return meta(NFT_META_NFPROTO, Register::r1).compare(Register::r1, std::string(1, protocol));
}

Rule& Rule::load_input_link(Register to) {
    return meta(NFT_META_IIFNAME, to);
}

Rule& Rule::load_output_link(Register to) {
    return meta(NFT_META_OIFNAME, to);
}

Rule& Rule::in_set(const std::string& set, bool wanted) {
    return expression("lookup", [=](Message& m) {
        m.put_text(NFTA_LOOKUP_SET, set);
        m.put_be32(NFTA_LOOKUP_SREG, number(Register::r1));
        m.put_be32(NFTA_LOOKUP_FLAGS, wanted ? 0 : NFT_LOOKUP_F_INV);
    });
}

Rule& Rule::load_source(Family family) {
    return family == Family::ipv4 ? load_payload(NFT_PAYLOAD_NETWORK_HEADER, ipv4_source, 4, Register::r1)
                                  : load_payload(NFT_PAYLOAD_NETWORK_HEADER, ipv6_source, 16, Register::r1);
}

Rule& Rule::load_destination(Family family, Register to) {
    return family == Family::ipv4 ? load_payload(NFT_PAYLOAD_NETWORK_HEADER, ipv4_destination, 4, to)
                                  : load_payload(NFT_PAYLOAD_NETWORK_HEADER, ipv6_destination, 16, to);
}

Rule& Rule::source_is_loopback_v4() {
    return load_payload(NFT_PAYLOAD_NETWORK_HEADER, ipv4_source, 1, Register::r1).compare(Register::r1, "\x7f");
}

Rule& Rule::destination_is_loopback_v4() {
    return load_payload(NFT_PAYLOAD_NETWORK_HEADER, ipv4_destination, 1, Register::r1).compare(Register::r1, "\x7f");
}

Rule& Rule::destination_is_not_loopback_v6() {
    std::string loopback(16, '\0');
    loopback.back() = 1;
    return load_destination(Family::ipv6).compare(Register::r1, loopback, false);
}

Rule& Rule::destination_is_local() {
    expression("fib", [](Message& m) {
        m.put_be32(NFTA_FIB_DREG, number(Register::r1));
        m.put_be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
        m.put_be32(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
    });
    return compare(Register::r1, host_order(RTN_LOCAL));
}

Rule& Rule::load_protocol_and_port(Register protocol, Register port) {
    return meta(NFT_META_L4PROTO, protocol).load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, destination_port, 2, port);
}

Rule& Rule::dnat_by_map(Family family, const std::string& map) {
    expression("lookup", [=](Message& m) {
        m.put_text(NFTA_LOOKUP_SET, map);
        m.put_be32(NFTA_LOOKUP_SREG, number(Register::r1));
        m.put_be32(NFTA_LOOKUP_DREG, number(Register::r1));
    });
    return expression("nat", [=](Message& m) {
        m.put_be32(NFTA_NAT_TYPE, NFT_NAT_DNAT);
        m.put_be32(NFTA_NAT_FAMILY, family == Family::ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
        m.put_be32(NFTA_NAT_REG_ADDR_MIN, number(Register::r1));
        m.put_be32(NFTA_NAT_REG_PROTO_MIN, number(family == Family::ipv4 ? Register::r32_01 : Register::r2));
    });
}

Rule& Rule::bit_of_connection(std::uint32_t key, std::uint32_t mask) {
    expression("ct", [=](Message& m) {
        m.put_be32(NFTA_CT_KEY, key);
        m.put_be32(NFTA_CT_DREG, number(Register::r1));
    });
    expression("bitwise", [=](Message& m) {
        m.put_be32(NFTA_BITWISE_SREG, number(Register::r1));
        m.put_be32(NFTA_BITWISE_DREG, number(Register::r1));
        m.put_be32(NFTA_BITWISE_LEN, sizeof mask);
        m.nest(NFTA_BITWISE_MASK, [&](Message& data) { data.put(NFTA_DATA_VALUE, host_order(mask)); });
        m.nest(NFTA_BITWISE_XOR, [&](Message& data) { data.put(NFTA_DATA_VALUE, host_order(0)); });
    });
    return compare(Register::r1, host_order(0), false);
}

Rule& Rule::connection_is_translated() {
    return bit_of_connection(NFT_CT_STATUS, IPS_DST_NAT);
}

Rule& Rule::connection_is_known() {
    // NF_CT_STATE_BIT of IP_CT_ESTABLISHED (0) and IP_CT_RELATED (1)
    return bit_of_connection(NFT_CT_STATE, 1U << 1U | 1U << 2U);
}

Rule& Rule::masquerade() {
    return expression("masq", [](Message&) {});
}

Rule& Rule::verdict(Verdict verdict) {
    return expression("immediate", [=](Message& m) {
        m.put_be32(NFTA_IMMEDIATE_DREG, number(Register::verdict));
        m.nest(NFTA_IMMEDIATE_DATA, [&](Message& data) {
            data.nest(NFTA_DATA_VERDICT, [&](Message& code) {
                code.put_be32(NFTA_VERDICT_CODE, verdict == Verdict::drop ? NF_DROP : NF_ACCEPT);
            });
        });
    });
}

netlink::Message Rule::message(const std::string& table) const {
    Message out{NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
                fmt::format("add the rule '{}'", comment_)};
    out.header(nfgenmsg{NFPROTO_INET, NFNETLINK_V0, 0});
    out.put_text(NFTA_RULE_TABLE, table).put_text(NFTA_RULE_CHAIN, chain_);
    out.nest(NFTA_RULE_EXPRESSIONS, [&](Message& list) {
        for (const auto& expression : expressions_) {  // no structured binding: clang 14 lets no lambda take one
            const auto& name = expression.first;
            const auto& body = expression.second;
            list.nest(NFTA_LIST_ELEM, [&](Message& element) {
                element.put_text(NFTA_EXPR_NAME, name);
                element.nest(NFTA_EXPR_DATA, body);
            });
        }
    });
    return out;
}

}  // namespace stack::net::nft
