#include "engine/supervisor/links.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "engine/supervisor/container.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::engine::supervisor {
namespace {

using desired::Link;

std::shared_ptr<Container> linked(Project& project, const ContainerRow& row, const Link& link) {
    std::shared_ptr<Container> found;
    for (const auto& [id, container] : project.containers) {
        const bool named = container->name() == link.container || id.starts_with(link.container);
        const bool replica = !row.project.empty() && container->row().service == link.container &&
                             !container->row().one_off && container->has_process();
        if (named || (replica && !found)) {
            found = container;
        }
    }
    if (!found || !found->has_process()) {
        throw Error(Errc::conflict,
                    fmt::format("cannot link '{}' to '{}': it is not running", row.name, link.container))
            .hint("start it before, or give the service 'depends_on'");
    }
    return found;
}

/// Of a network that both take part in.
std::string shared_address(const ContainerRow& row, const ContainerRow& target) {
    for (const EndpointRow& own : row.endpoints) {
        for (const EndpointRow& other : target.endpoints) {
            if (own.network_id == other.network_id && !other.ipv4.empty()) {
                return other.ipv4;
            }
        }
    }
    throw Error(Errc::conflict, fmt::format("cannot link '{}' to '{}': they share no network", row.name, target.name));
}

/// Port and protocol of what it exposes or publishes, in order.
std::set<std::pair<int, std::string>> ports_of(const Container& target) {
    std::set<std::pair<int, std::string>> ports;
    const auto add = [&](const std::string& text) {
        const auto parts = split(text, '/');
        if (const auto number = parse_int(parts[0])) {
            ports.emplace(static_cast<int>(*number), parts.size() > 1 ? std::string{parts[1]} : "tcp");
        }
    };
    for (const std::string& text : target.image().config.exposed_ports) {
        add(text);
    }
    for (const std::string& text : target.spec().expose) {
        add(text);
    }
    for (const desired::PortPublish& port : target.spec().ports) {
        ports.emplace(port.container_port, port.protocol);
    }
    return ports;
}

std::string upper(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

/// Names and values as Docker makes them (daemon/links/links.go, "ToEnv").
void add_variables(const ContainerRow& row, const Link& link, const Container& target, const std::string& address,
                   std::vector<std::string>& out) {
    const std::string alias = upper(link.alias);
    const auto ports = ports_of(target);
    if (!ports.empty()) {
        out.push_back(fmt::format("{}_PORT={}://{}:{}", alias, ports.begin()->second, address, ports.begin()->first));
    }
    for (const auto& [port, protocol] : ports) {
        const std::string name = fmt::format("{}_PORT_{}_{}", alias, port, upper(protocol));
        out.push_back(fmt::format("{}={}://{}:{}", name, protocol, address, port));
        out.push_back(fmt::format("{}_ADDR={}", name, address));
        out.push_back(fmt::format("{}_PORT={}", name, port));
        out.push_back(fmt::format("{}_PROTO={}", name, protocol));
    }
    out.push_back(fmt::format("{}_NAME=/{}/{}", alias, row.name, link.alias));
    for (const auto* environment : {&target.image().config.env, &target.spec().environment}) {
        for (const std::string& variable : *environment) {
            if (!variable.starts_with("HOME=") && !variable.starts_with("PATH=")) {
                out.push_back(fmt::format("{}_ENV_{}", alias, variable));
            }
        }
    }
}

}  // namespace

void tell_of_links(Project& project, const ContainerRow& row, desired::ContainerSpec& spec) {
    std::vector<std::string> variables;
    for (const Link& link : spec.links) {
        if (link.variables) {
            const auto target = linked(project, row, link);
            const std::string address = shared_address(row, target->row());
            spec.extra_hosts.push_back(fmt::format("{}:{}", link.alias, address));
            add_variables(row, link, *target, address, variables);
        }
    }
    spec.environment.insert(spec.environment.begin(), variables.begin(), variables.end());
}

}  // namespace stack::engine::supervisor
