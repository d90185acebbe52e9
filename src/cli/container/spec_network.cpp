#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"
#include "compose/short/short_port.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

/// "7000-7003/udp" is four of them.
void take_expose(const Flags& flags, desired::ContainerSpec& spec) {
    for (const std::string& text : flags.values("expose")) {
        const size_t slash = text.find('/');
        const std::string protocol = slash == std::string::npos ? "tcp" : text.substr(slash + 1);
        const std::optional<compose::PortRange> range =
            compose::parse_port_range(std::string_view{text}.substr(0, slash));
        if (!range) {
            throw UsageError{fmt::format("invalid range format for --expose: {}", text)};
        }
        for (unsigned port = range->first; port <= range->last; ++port) {
            spec.expose.push_back(fmt::format("{}/{}", port, protocol));
        }
    }
}

/// "name=back,alias=web,ip=10.0.0.5" or a name.
desired::EndpointSpec parse_network(const std::string& text) {
    desired::EndpointSpec endpoint;
    if (text.find('=') == std::string::npos) {
        endpoint.network = text;
        return endpoint;
    }
    for (const std::string_view part : split(text, ',')) {
        const std::string_view key = part.substr(0, part.find('='));
        const std::string value{part.substr(std::min(part.size(), key.size() + 1))};
        if (key == "name") {
            endpoint.network = value;
        } else if (key == "alias") {
            endpoint.aliases.push_back(value);
        } else if (key == "ip") {
            endpoint.ipv4_address = value;
        } else if (key == "ip6") {
            endpoint.ipv6_address = value;
        } else if (key == "mac-address") {
            endpoint.mac_address = value;
        } else if (key == "gw-priority") {
            endpoint.gw_priority = static_cast<int>(parse_int(value).value_or(0));
        } else {
            throw UsageError{fmt::format("invalid network '{}': unknown key '{}'", text, key)};
        }
    }
    return endpoint;
}

/// Flags that would have no effect in a network that is not the container's own. Docker refuses them, but for --ip and
/// the like with `none`.
void refuse_without_network(const Flags& flags, const std::string& mode) {
    std::vector<const char*> refused{"ip", "ip6", "mac-address", "network-alias", "link-local-ip"};
    if (mode != "none") {
        refused.push_back("link");
    }
    if (mode.starts_with("container:")) {
        for (const char* flag :
             {"publish", "publish-all", "expose", "dns", "dns-search", "dns-option", "add-host", "hostname"}) {
            refused.push_back(flag);
        }
    }
    for (const char* flag : refused) {
        if (flags.given(flag)) {
            throw UsageError{fmt::format("conflicting options: --{} and the network mode '{}'", flag, mode)};
        }
    }
    if (flags.given("publish") || flags.on("publish-all")) {
        fmt::print(stderr, "warning: published ports have no effect with the network mode '{}'\n", mode);
    }
}

void take_networks(const Flags& flags, desired::ContainerSpec& spec) {
    std::vector<std::string> names = flags.values("network");
    if (names.empty()) {
        names = {"bridge"};
    }
    if (names.front() == "host" || names.front() == "none" || names.front().starts_with("container:")) {
        if (names.size() > 1) {
            throw UsageError{fmt::format("conflicting options: network '{}' and others", names.front())};
        }
        refuse_without_network(flags, names.front());
        spec.network_mode = names.front();
        return;
    }
    for (const std::string& name : names) {
        spec.endpoints.push_back(parse_network(name == "default" ? "bridge" : name));
    }
    desired::EndpointSpec& first = spec.endpoints.front();
    for (const std::string& alias : flags.values("network-alias")) {
        first.aliases.push_back(alias);
    }
    first.ipv4_address = flags.value_or("ip", first.ipv4_address);
    first.ipv6_address = flags.value_or("ip6", first.ipv6_address);
    first.mac_address = flags.value_or("mac-address", first.mac_address);
    first.link_local_ips = flags.values("link-local-ip");
}

}  // namespace

void add_published_port(const std::string& text, desired::ContainerSpec& spec) {
    const compose::ShortForm<compose::ShortPorts> form = compose::parse_short_port(text);
    if (!form.parts) {
        throw UsageError{fmt::format("invalid port '{}': {}", text, form.problem ? form.problem->message : "no port")};
    }
    const compose::ShortPorts& ports = *form.parts;
    for (size_t n = 0; n < ports.target.count(); ++n) {
        const std::string published = ports.published_as(n);
        const auto host = published.empty() ? compose::PortRange{} : compose::parse_port_range(published).value();
        spec.ports.push_back({.host_ip = ports.host_ip,
                              .host_port = host.first,
                              .host_port_last = host.count() > 1 ? host.last : std::uint16_t{0},
                              .container_port = static_cast<std::uint16_t>(ports.target.first + n),
                              .protocol = ports.protocol,
                              .pos = {}});
    }
}

void take_network_flags(const Flags& flags, desired::ContainerSpec& spec) {
    for (const std::string& text : flags.values("publish")) {
        add_published_port(text, spec);
    }
    take_expose(flags, spec);
    take_networks(flags, spec);
    spec.publish_all = flags.on("publish-all");
    spec.dns = flags.values("dns");
    spec.dns_search = flags.values("dns-search");
    spec.dns_opt = flags.values("dns-option");
    spec.extra_hosts = flags.values("add-host");
    for (const std::string& link : flags.values("link")) {
        const size_t colon = link.find(':');
        const bool old_way = !spec.endpoints.empty() && spec.endpoints.front().network == "bridge";
        spec.links.push_back(
            {link.substr(0, colon), colon == std::string::npos ? link : link.substr(colon + 1), old_way});
    }
}

}  // namespace stack::cli
