#include <algorithm>

#include <fmt/format.h>

#include "compose/desired/parts.hpp"
#include "compose/short/short_port.hpp"

namespace stack::compose::desired_parts {

namespace {

// More than this and the file means something else.
constexpr std::size_t most_ports = 65'536;

int rounded(double priority) {
    return static_cast<int>(std::clamp(priority, -1e9, 1e9));
}

}  // namespace

std::vector<desired::PortPublish> ports_of(const Input& input, const Service& service) {
    std::vector<desired::PortPublish> out;
    for (const Port& port : service.ports) {
        desired::PortPublish publish;
        publish.host_ip = port.host_ip;
        publish.container_port = port.target;
        publish.protocol = port.protocol;
        publish.pos = input.position(port.mark);
        if (port.published.empty()) {
            out.push_back(std::move(publish));
            continue;
        }
        const auto range = parse_port_range(port.published);
        if (!range) {
            input.findings.error(
                port.mark, Path{},
                fmt::format("service '{}' publishes '{}', which is no port", service.name, port.published),
                "a port is a number from 1 to 65535, or a range like 8000-8010");
            continue;
        }
        publish.host_port = range->first;
        publish.host_port_last = range->count() > 1 ? range->last : std::uint16_t{0};
        out.push_back(std::move(publish));
    }
    if (out.size() > most_ports) {
        input.findings.error(place_of(service, "ports"), Path{},
                             fmt::format("service '{}' publishes more than {} ports", service.name, most_ports));
        out.clear();
    }
    return out;
}

std::vector<desired::EndpointSpec> endpoints_of(const Input& input, const Service& service) {
    std::vector<desired::EndpointSpec> out;
    for (const auto& [key, attachment] : service.networks) {
        const auto network = input.project().networks.find(key);
        if (network == input.project().networks.end()) {
            continue;  // told by the checks, unless they were switched off
        }
        desired::EndpointSpec endpoint;
        endpoint.network = network->second.name;
        endpoint.aliases.push_back(service.name);
        for (const std::string& alias : attachment.aliases) {
            if (std::find(endpoint.aliases.begin(), endpoint.aliases.end(), alias) == endpoint.aliases.end()) {
                endpoint.aliases.push_back(alias);
            }
        }
        endpoint.link_local_ips = attachment.link_local_ips;
        endpoint.ipv4_address = attachment.ipv4_address;
        endpoint.ipv6_address = attachment.ipv6_address;
        endpoint.mac_address = attachment.mac_address;
        endpoint.interface_name = attachment.interface_name;
        endpoint.priority = rounded(attachment.priority);
        endpoint.gw_priority = rounded(attachment.gw_priority);
        endpoint.driver_opts = attachment.driver_opts;
        out.push_back(std::move(endpoint));
    }
    // The first gives eth0 (compose-spec 05-services "priority"); equal ones in the order of their names.
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.priority > b.priority; });
    return out;
}

}  // namespace stack::compose::desired_parts
