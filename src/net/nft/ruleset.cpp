#include "net/nft/ruleset.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <arpa/inet.h>  // before the kernel's in.h, which gives way to it
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>

#include "net/nft/rule.hpp"
#include "support/error.hpp"

namespace stack::net::nft {
namespace {

std::vector<Chain> chains() {
    return {{"guard", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW},
            {"prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST},
            {"output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST},
            {"postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC},
            {"forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER}};
}

std::vector<Set> sets() {
    return {{"bridges", {link_name}, {}},
            {"internal", {link_name}, {}},
            {"masquerade", {link_name}, {}},
            {"icc", {link_name, link_name}, {}},
            {"isolated", {link_name}, {}},
            {"subnets4", {ipv4_addr}, {}, true},
            {"subnets6", {ipv6_addr}, {}, true},
            {"ports4", {ipv4_addr, inet_proto, inet_service}, {ipv4_addr, inet_service}},
            {"any4", {inet_proto, inet_service}, {ipv4_addr, inet_service}},
            {"ports6", {ipv6_addr, inet_proto, inet_service}, {ipv6_addr, inet_service}},
            {"any6", {inet_proto, inet_service}, {ipv6_addr, inet_service}},
            {"linked4", {ipv4_addr, ipv4_addr, inet_proto, inet_service}, {}},
            {"linked6", {ipv6_addr, ipv6_addr, inet_proto, inet_service}, {}}};
}

/// In which registers protocol and port follow the address, as nft lays a concatenation out.
Rule published_at_address(const std::string& chain, Family family) {
    const bool v4 = family == Family::ipv4;
    Rule rule{chain, "published at one address"};
    rule.family(family).load_destination(family);
    v4 ? rule.load_protocol_and_port(Register::r32_01, Register::r32_02)
       : rule.load_protocol_and_port(Register::r2, Register::r32_05);
    return rule.dnat_by_map(family, v4 ? "ports4" : "ports6");
}

Rule published_at_any(const std::string& chain, Family family) {
    const bool v4 = family == Family::ipv4;
    Rule rule{chain, "published at any address"};
    rule.family(family);
    if (!v4) {
        rule.destination_is_not_loopback_v6();  // cannot be routed to a bridge; the relay serves it
    }
    return rule.destination_is_local()
        .load_protocol_and_port(Register::r1, Register::r32_01)
        .dnat_by_map(family, v4 ? "any4" : "any6");
}

/// Ports of a bridge without icc hand no frames to one another: what a container sends to its neighbours goes by the
/// host (see Endpoint's routes), back out of the link that it came in by.
Rule linked(const std::string& chain, Family family) {
    const bool v4 = family == Family::ipv4;
    Rule rule{chain, "linked containers"};
    rule.load_input_link().in_set("isolated").load_output_link().in_set("isolated").family(family);
    rule.load_source(family).load_destination(family, v4 ? Register::r32_01 : Register::r2);
    v4 ? rule.load_protocol_and_port(Register::r32_02, Register::r32_03)
       : rule.load_protocol_and_port(Register::r32_08, Register::r32_09);
    return rule.in_set(v4 ? "linked4" : "linked6").verdict(Verdict::accept);
}

std::vector<Rule> forward_rules() {
    const std::string chain = "forward";
    std::vector<Rule> out;
    const auto rule = [&](const char* comment) -> Rule& { return out.emplace_back(chain, comment); };
    rule("not ours")
        .load_input_link()
        .in_set("bridges", false)
        .load_output_link()
        .in_set("bridges", false)
        .verdict(Verdict::accept);
    rule("answers").connection_is_known().verdict(Verdict::accept);
    // Seen only where bridged packets meet IP rules (bridge-nf-call-iptables).
    rule("inside one bridge").load_input_link().load_output_link(Register::r2).in_set("icc").verdict(Verdict::accept);
    out.push_back(linked(chain, Family::ipv4));
    out.push_back(linked(chain, Family::ipv6));
    rule("out of an internal network").load_input_link().in_set("internal").verdict(Verdict::drop);
    rule("into an internal network").load_output_link().in_set("internal").verdict(Verdict::drop);
    rule("to the world").load_output_link().in_set("bridges", false).verdict(Verdict::accept);
    rule("published").connection_is_translated().verdict(Verdict::accept);
    rule("everything else").verdict(Verdict::drop);
    return out;
}

std::vector<Rule> rules() {
    std::vector<Rule> out;
    out.push_back(Rule{"guard", "the host's loopback"}
                      .load_input_link()
                      .in_set("bridges")
                      .family(Family::ipv4)
                      .destination_is_loopback_v4()
                      .verdict(Verdict::drop));
    // Ports of a bridge without icc do not forward to one another, and where bridged packets meet IP rules a translated
    // packet stays in the bridge: so these go to the relay in user space, which asks from the host's side.
    out.push_back(Rule{"prerouting", "containers kept apart"}
                      .load_input_link()
                      .in_set("isolated")
                      .destination_is_local()
                      .verdict(Verdict::accept));
    for (const char* chain : {"prerouting", "output"}) {
        for (const Family family : {Family::ipv4, Family::ipv6}) {
            out.push_back(published_at_address(chain, family));
            out.push_back(published_at_any(chain, family));
        }
    }
    const std::string chain = "postrouting";
    // A container that asks for a port published by a container: the answer must come back this way. By address, for
    // bridged packets (bridge-nf-call-iptables) have no input link here.
    for (const Family family : {Family::ipv4, Family::ipv6}) {
        out.push_back(Rule{chain, "from bridge to bridge"}
                          .load_output_link()
                          .in_set("bridges")
                          .family(family)
                          .load_source(family)
                          .in_set(family == Family::ipv4 ? "subnets4" : "subnets6")
                          .connection_is_translated()
                          .masquerade());
    }
    out.push_back(Rule{chain, "from 127.0.0.1"}
                      .load_output_link()
                      .in_set("bridges")
                      .family(Family::ipv4)
                      .source_is_loopback_v4()
                      .masquerade());
    out.push_back(Rule{chain, "to the world"}
                      .load_input_link()
                      .in_set("masquerade")
                      .load_output_link()
                      .in_set("bridges", false)
                      .masquerade());
    for (Rule& rule : forward_rules()) {
        out.push_back(std::move(rule));
    }
    return out;
}

std::string link_bytes(const std::string& name) {
    std::string out = name;
    out.resize(link_name.bytes, '\0');
    return out;
}

std::string port_bytes(std::uint16_t port) {
    return {static_cast<char>(port >> 8U), static_cast<char>(port & 0xFFU)};
}

std::string protocol_byte(const std::string& protocol) {
    static const std::map<std::string, int> numbers{{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};
    const auto found = numbers.find(protocol);
    if (found == numbers.end()) {
        throw Error(Errc::invalid_input, fmt::format("there is no protocol '{}' for ports", protocol))
            .hint("the protocols are tcp, udp and sctp");
    }
    return std::string(1, static_cast<char>(found->second));
}

std::vector<Element> interval(const Subnet& subnet) {
    std::vector<Element> out{Element{std::string{subnet.base.bytes()}, std::string{}}};
    const IpAddress behind = subnet.last().plus(1);
    if (!behind.is_unspecified()) {  // else it goes up to the end of the address space
        out.push_back(Element{std::string{behind.bytes()}, std::string{}, true});
    }
    return out;
}

/// One message per set, however many lists there are.
std::map<std::string, std::vector<Element>> by_set(const std::vector<SetElements>& lists) {
    std::map<std::string, std::vector<Element>> out;
    for (const SetElements& list : lists) {
        auto& elements = out[list.set];
        elements.insert(elements.end(), list.elements.begin(), list.elements.end());
    }
    return out;
}

}  // namespace

std::vector<Message> skeleton(const std::string& table) {
    std::vector<Message> out;
    unsigned id = 1;
    for (const Set& set : sets()) {
        out.push_back(add_set(table, set, id++));
    }
    for (const Chain& chain : chains()) {
        out.push_back(add_chain(table, chain));
    }
    for (const Rule& rule : rules()) {
        out.push_back(rule.message(table));
    }
    return out;
}

std::vector<SetElements> elements_of(const Network& network) {
    if (network.driver != "bridge") {
        return {};
    }
    const std::string link = link_bytes(network.link);
    std::vector<SetElements> out;
    const auto member_of = [&](const char* set, const std::string& key) {
        out.push_back(SetElements{set, std::vector<Element>{Element{key, std::string{}}}});
    };
    for (const Pool& pool : network.pools) {
        out.push_back(SetElements{pool.subnet.base.is_v6() ? "subnets6" : "subnets4", interval(pool.subnet)});
    }
    member_of("bridges", link);
    if (network.internal) {
        member_of("internal", link);
    }
    if (network.masquerade()) {
        member_of("masquerade", link);
    }
    if (network.icc()) {
        member_of("icc", link + link);
    } else {
        member_of("isolated", link);
    }
    return out;
}

SetElements elements_of(const PortForward& port) {
    const bool v6 = port.container_ip.is_v6();
    std::vector<std::string> key;
    if (port.host_ip) {
        key.emplace_back(port.host_ip->bytes());
    }
    key.push_back(protocol_byte(port.protocol));
    key.push_back(port_bytes(port.host_port));
    const std::string value = concatenation({std::string{port.container_ip.bytes()}, port_bytes(port.container_port)});
    return SetElements{fmt::format("{}{}", port.host_ip ? "ports" : "any", v6 ? 6 : 4),
                       std::vector<Element>{Element{concatenation(key), value}}};
}

SetElements elements_of(const LinkedPort& linked) {
    const std::string key = concatenation({std::string{linked.from.bytes()}, std::string{linked.to.bytes()},
                                           protocol_byte(linked.protocol), port_bytes(linked.port)});
    return SetElements{linked.to.is_v6() ? "linked6" : "linked4", std::vector<Element>{Element{key, std::string{}}}};
}

bool is_whole(netlink::Socket& socket, const std::string& table, const std::vector<SetElements>& lists) {
    if (count_rules(socket, table) != rules().size()) {
        return false;
    }
    const auto wanted = by_set(lists);
    const auto all = sets();
    return std::all_of(all.begin(), all.end(), [&](const Set& set) {
        std::set<std::pair<std::string, bool>> keys;  // the same element twice is one
        if (const auto found = wanted.find(set.name); found != wanted.end()) {
            for (const Element& element : found->second) {
                keys.emplace(element.key, element.end_of_interval);
            }
        }
        return count_elements(socket, table, set.name) == keys.size();
    });
}

std::vector<Message> add_all(const std::string& table, const std::vector<SetElements>& lists) {
    std::vector<Message> out;
    for (const auto& [set, elements] : by_set(lists)) {
        std::ranges::move(add_elements(table, set, elements), std::back_inserter(out));
    }
    return out;
}

std::vector<Message> replace_linked(const std::string& table, const std::vector<LinkedPort>& linked) {
    std::vector<Message> out;
    out.push_back(flush_set(table, "linked4"));
    out.push_back(flush_set(table, "linked6"));
    std::vector<SetElements> lists;
    for (const LinkedPort& one : linked) {
        lists.push_back(elements_of(one));
    }
    std::ranges::move(add_all(table, lists), std::back_inserter(out));
    return out;
}

std::vector<Message> remove_all(const std::string& table, const std::vector<SetElements>& lists) {
    std::vector<Message> out;
    for (const auto& [set, elements] : by_set(lists)) {
        std::ranges::move(remove_elements(table, set, elements), std::back_inserter(out));
    }
    return out;
}

}  // namespace stack::net::nft
