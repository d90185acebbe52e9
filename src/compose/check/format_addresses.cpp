#include <algorithm>
#include <array>
#include <cmath>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "compose/check/format.hpp"
#include "compose/short/short_port.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

bool is_address(const std::string& text, int family) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return ::inet_pton(family, text.c_str(), bytes.data()) == 1;
}

bool is_subnet(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return false;
    }
    const std::string address{text.substr(0, slash)};
    const auto bits = parse_uint(text.substr(slash + 1));
    return bits && ((is_address(address, AF_INET) && *bits <= 32) || (is_address(address, AF_INET6) && *bits <= 128));
}

void check_address(const Rule&, const Report& report) {
    const auto& text = report.node().text;
    if (report.node().is_string() && !is_address(text, AF_INET) && !is_address(text, AF_INET6)) {
        report.warning(fmt::format("is '{}', which is no IP address", shown(text)),
                       is_subnet(text) ? "leave the prefix length out" : "write an address such as 172.28.0.1");
    }
}

void check_ipv4(const Rule&, const Report& report) {
    const auto& text = report.node().text;
    if (!is_address(text, AF_INET)) {
        const auto hint =
            is_address(text, AF_INET6) ? "write it as 'ipv6_address'" : "write an address such as 172.28.0.10";
        report.warning(fmt::format("is '{}', which is no IPv4 address", shown(text)), hint);
    }
}

void check_ipv6(const Rule&, const Report& report) {
    const auto& text = report.node().text;
    if (!is_address(text, AF_INET6)) {
        const auto hint =
            is_address(text, AF_INET) ? "write it as 'ipv4_address'" : "write an address such as 2001:db8::10";
        report.warning(fmt::format("is '{}', which is no IPv6 address", shown(text)), hint);
    }
}

void check_subnet(const Rule&, const Report& report) {
    const auto& text = report.node().text;
    if (is_subnet(text)) {
        return;
    }
    std::string hint = "write it as ADDRESS/PREFIX, such as 172.28.0.0/16";
    if (is_address(text, AF_INET)) {
        hint = fmt::format("the prefix length is missing; write '{}/24'", text);
    }
    report.warning(fmt::format("is '{}', which is no subnet", shown(text)), hint);
}

void check_mac(const Rule&, const Report& report) {
    const std::string_view text = report.node().text;
    constexpr std::size_t octets = 6;
    const char separator = text.find('-') == std::string_view::npos ? ':' : '-';
    const auto parts = split(text, separator);
    bool good = parts.size() == octets;
    for (const auto part : parts) {
        good = good && part.size() == 2 && parse_uint(part, 16);
    }
    if (!good) {
        report.warning(fmt::format("is '{}', which is no MAC address", shown(text)),
                       "write six pairs of hexadecimal digits, such as 02:42:ac:11:65:43");
    }
}

void check_port_number(const Report& report) {
    const auto value = report.node().as_real();
    constexpr double highest = 65535;
    if (!value || *value < 1 || *value > highest || std::nearbyint(*value) != *value) {
        report.must_be("a port from 1 to 65535", "ports go from 1 to 65535");
    }
}

void check_long_port(const Report& report) {
    if (!report.node().has("target")) {
        report.error("has no 'target'", "add the port of the container: target: 80");
    }
    if (const Node* protocol = report.node().find("protocol"); protocol != nullptr && protocol->is_string()) {
        static const std::vector<std::string> protocols{"tcp", "udp", "sctp"};
        const auto word = to_lower(protocol->text);
        if (std::find(protocols.begin(), protocols.end(), word) == protocols.end()) {
            const auto near = nearest(word, protocols);
            Report{report.path() / "protocol", *protocol, report.findings()}.warning(
                fmt::format("is '{}', which is no protocol", shown(protocol->text)),
                near ? fmt::format("did you mean '{}'?", *near) : "allowed: tcp, udp, sctp");
        }
    }
    if (const Node* address = report.node().find("host_ip"); address != nullptr && address->is_string()) {
        const Path path = report.path() / "host_ip";
        if (!address->text.empty() && !is_address(address->text, AF_INET) && !is_address(address->text, AF_INET6)) {
            Report{path, *address, report.findings()}.warning(
                fmt::format("is '{}', which is no IP address", shown(address->text)),
                address->text == "localhost" ? "write 127.0.0.1" : "write an address such as 127.0.0.1");
        }
    }
}

void check_port(const Rule&, const Report& report) {
    const Node& node = report.node();
    if (node.is_mapping()) {
        check_long_port(report);
    } else if (node.is_number()) {
        check_port_number(report);
    } else if (auto form = parse_short_port(node.text); form.problem) {
        report.error(form.problem->message, std::move(form.problem->hint));
    }
}

void check_published_port(const Rule& rule, const Report& report) {
    const Node& node = report.node();
    if (node.is_string() ? !node.text.empty() && !parse_port_range(node.text) : !parse_port_range(node.text)) {
        const bool has_address = node.text.find(':') != std::string::npos;
        report.must_be(rule.title, has_address ? "write the address as 'host_ip'" : "ports go from 1 to 65535");
    }
}

void check_expose(const Rule&, const Report& report) {
    const std::string_view text = report.node().text;
    const auto slash = text.find('/');
    const auto protocol = slash == std::string_view::npos ? std::string_view{"tcp"} : text.substr(slash + 1);
    const auto range = parse_port_range(text.substr(0, slash));
    if (!range || range->first == 0 || (protocol != "tcp" && protocol != "udp" && protocol != "sctp")) {
        const auto hint = text.find(':') != std::string_view::npos
                              ? "only ports of the container stand here; publish with 'ports'"
                              : "write PORT[/PROTOCOL], such as 3000 or 53/udp";
        report.warning(fmt::format("is '{}', which is no port", shown(text)), hint);
    }
}

void check_host_entry(const Report& report, std::string_view addresses) {
    for (const auto part : split(addresses, ',')) {
        const auto address = trim(part);
        const bool bracketed = address.starts_with('[') && address.ends_with(']');
        const std::string bare{bracketed ? address.substr(1, address.size() - 2) : address};
        if (bare != "host-gateway" && !is_address(bare, AF_INET) && !is_address(bare, AF_INET6)) {
            report.warning(
                fmt::format("has '{}' where an IP address is wanted", shown(address)),
                bare == "localhost" ? "write 127.0.0.1" : "write an address such as 162.242.195.82, or host-gateway");
        }
    }
}

void check_hosts(const Rule&, const Report& report) {
    for (const auto& member : report.node().members()) {
        const Path path = report.path() / member.key;
        if (member.value.is_string()) {
            check_host_entry({path, member.value, report.findings()}, member.value.text);
        }
        for (const auto& entry : member.value.items()) {
            check_host_entry({path, entry, report.findings()}, entry.text);
        }
    }
    for (std::size_t i = 0; i < report.node().items().size(); ++i) {
        const Node& entry = report.node().items()[i];
        const Path path = report.path() / i;
        const Report at{path, entry, report.findings()};
        const std::string_view text = entry.text;
        const auto sign = text.find('=') == std::string_view::npos ? text.find(':') : text.find('=');
        if (!entry.is_string()) {
            continue;
        }
        if (sign == std::string_view::npos || sign == 0) {
            at.error(fmt::format("is '{}', which is no NAME=ADDRESS", shown(text)),
                     "write NAME=ADDRESS, such as db=10.0.0.5");
        } else {
            check_host_entry(at, trim(text.substr(sign + 1)));
        }
    }
}

constexpr std::array formats{
    Format{"compose-address", check_address},
    Format{"compose-ipv4", check_ipv4},
    Format{"compose-ipv6", check_ipv6},
    Format{"compose-subnet", check_subnet},
    Format{"compose-mac", check_mac},
    Format{"compose-port", check_port},
    Format{"compose-published-port", check_published_port},
    Format{"compose-expose", check_expose},
    Format{"compose-hosts", check_hosts},
};

}  // namespace

FormatTable address_formats() {
    return {formats.data(), formats.data() + formats.size()};
}

}  // namespace stack::compose
