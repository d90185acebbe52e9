// Published ports of a container: reserved on the host, led to it by rules, and by the relay where rules cannot.
#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>

#include "engine/supervisor/networks.hpp"
#include "net/endpoint.hpp"
#include "support/error.hpp"
#include "support/log.hpp"
#include "support/text.hpp"

namespace stack::engine::supervisor {
namespace {

std::optional<net::IpAddress> address_of(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional{net::IpAddress::parse(text)};
}

/// "8080/tcp" -> a port to be published anywhere.
desired::PortPublish exposed_port(const std::string& text) {
    const auto parts = split(text, '/');
    desired::PortPublish port;
    port.container_port = static_cast<std::uint16_t>(parse_uint(parts[0]).value_or(0));
    port.protocol = parts.size() > 1 ? std::string{parts[1]} : "tcp";
    return port;
}

/// A port that nobody has published by name goes to any free one, once.
std::vector<desired::PortPublish> wanted_ports(const NetworkWish& wish) {
    auto wanted = wish.spec.ports;
    if (wish.spec.publish_all) {
        for (const std::string& text : wish.exposed) {
            const desired::PortPublish port = exposed_port(text);
            const bool known = std::any_of(wanted.begin(), wanted.end(), [&](const desired::PortPublish& it) {
                return it.container_port == port.container_port && it.protocol == port.protocol;
            });
            if (!known) {
                wanted.push_back(port);
            }
        }
    }
    return wanted;
}

/// What is exposed and not published is shown, too: with host port 0.
void note_exposed(ContainerRow& row, const NetworkWish& wish, const std::vector<desired::PortPublish>& wanted) {
    for (const std::string& text : wish.exposed) {
        const desired::PortPublish port = exposed_port(text);
        const auto same = [&](const auto& it) {
            return it.container_port == port.container_port && it.protocol == port.protocol;
        };
        if (std::none_of(wanted.begin(), wanted.end(), same) &&
            std::none_of(row.ports.begin(), row.ports.end(), same)) {
            row.ports.push_back({"", 0, port.container_port, port.protocol});
        }
    }
}

std::string reservation_key(const std::string& id, size_t number) {
    return fmt::format("{}/port/{}/", id, number);
}

}  // namespace

/// What those that are linked to it reach: published ports, too.
std::vector<net::ExposedPort> Networks::exposed_ports(const NetworkWish& wish) {
    std::vector<net::ExposedPort> out;
    const auto add = [&](const desired::PortPublish& port) { out.push_back({port.protocol, port.container_port}); };
    for (const std::string& text : wish.exposed) {
        add(exposed_port(text));
    }
    for (const desired::PortPublish& port : wish.spec.ports) {
        add(port);
    }
    return out;
}

void Networks::publish(ContainerRow& row, const NetworkWish& wish) {
    const auto wanted = wanted_ports(wish);
    const Targets targets = gateways(row, wish.spec);
    if (targets.v4 || targets.v6) {
        note_exposed(row, wish, wanted);
    }
    if (wanted.empty() || (!targets.v4 && !targets.v6)) {
        return;
    }
    for (const desired::PortPublish& port : wanted) {
        reserve(row, port, targets);
    }
    forward(row, targets);
}

void Networks::try_ports(const desired::ContainerSpec& spec, const std::set<std::string>& leaving,
                         std::vector<net::PortReservation>& held) const {
    for (const desired::PortPublish& port : spec.ports) {
        if (port.host_port == 0) {
            continue;
        }
        const auto host_ip = address_of(port.host_ip);
        const auto holder = net::find_publisher(store_.ports(), host_ip, port.host_port, port.protocol);
        if (!holder || leaving.count(holder->owner_id) == 0) {
            held.push_back(reservation_of(port, port.host_ip));
        }
    }
}

net::PortReservation Networks::reservation_of(const desired::PortPublish& port, const std::string& host_ip) const {
    const auto address = address_of(host_ip);
    try {
        return net::reserve_port(address, port.host_port, port.protocol, port.host_port_last);
    } catch (const Error& error) {
        Error told{error};
        const auto holder = net::find_publisher(store_.ports(), address, port.host_port, port.protocol);
        const auto endpoint = holder ? store_.find_endpoint(holder->endpoint_id) : std::nullopt;
        if (error.code() == Errc::conflict && endpoint) {
            // The process that holds it is our own keeper, which tells nobody anything.
            told.set_hint(fmt::format("container '{}' publishes this port", endpoint->owner_name));
        }
        if (!error.pos() && !port.pos.file.empty()) {
            told = Error{told}.at(port.pos);
        }
        throw Error{told};
    }
}

void Networks::reserve(ContainerRow& row, const desired::PortPublish& port, const Targets& targets) {
    PublishedPort published{port.host_ip, port.host_port, port.container_port, port.protocol};
    if (published.host_ip.empty() && targets.v4) {
        const std::string binding = store_.get(targets.v4->network_id).host_binding();
        published.host_ip = binding == "0.0.0.0" ? "" : binding;
    }
    net::PortReservation reservation;
    try {
        reservation = reservation_of(port, published.host_ip);
    } catch (Error& error) {
        const auto own = std::find_if(row.ports.begin(), row.ports.end(), [&](const PublishedPort& it) {
            return port.host_port != 0 && it.host_port == port.host_port && it.protocol == port.protocol;
        });
        if (error.code() == Errc::conflict && own != row.ports.end()) {
            error.set_hint(fmt::format("this container publishes it already, for its port {}", own->container_port));
        }
        throw;
    }
    published.host_port = reservation.port;
    for (size_t s = 0; s < reservation.sockets.size(); ++s) {
        keeper_.keep(fmt::format("{}{}", reservation_key(row.id, row.ports.size()), s),
                     std::move(reservation.sockets[s]));
    }
    row.ports.push_back(published);
}

/// For each family that both the host's address and the container have; the relay does the rest.
std::vector<net::PortForward> Networks::forwards(const ContainerRow& row, const Targets& targets) {
    std::vector<net::PortForward> out;
    for (const PublishedPort& port : row.ports) {
        if (port.host_port == 0) {
            continue;
        }
        const auto host_ip = address_of(port.host_ip);
        const auto add = [&](const net::Endpoint& endpoint, const net::IpAddress& address) {
            out.push_back({endpoint.id, row.id, host_ip, port.host_port, port.protocol, address, port.container_port});
        };
        if (targets.v4 && targets.v4->ipv4 && (!host_ip || !host_ip->is_v6())) {
            add(*targets.v4, *targets.v4->ipv4);
        }
        if (targets.v6 && targets.v6->ipv6 && (!host_ip || host_ip->is_v6())) {
            add(*targets.v6, *targets.v6->ipv6);
        }
    }
    return out;
}

void Networks::forward(const ContainerRow& row, const Targets& targets) {
    if (const auto rules = forwards(row, targets); !rules.empty()) {
        firewall_.publish(rules);
    }
    relay(row, targets);
}

/// The sockets were the keeper's: if it died together with the worker they are gone, and the ports are free.
void Networks::reserve_again(const ContainerRow& row) {
    for (size_t i = 0; i < row.ports.size(); ++i) {
        const PublishedPort& port = row.ports[i];
        if (port.host_port == 0 || !keeper_.keys(reservation_key(row.id, i)).empty()) {
            continue;
        }
        try {
            auto reservation = net::reserve_port(address_of(port.host_ip), port.host_port, port.protocol);
            for (size_t s = 0; s < reservation.sockets.size(); ++s) {
                keeper_.keep(fmt::format("{}{}", reservation_key(row.id, i), s), std::move(reservation.sockets[s]));
            }
        } catch (const Error& error) {
            log_warning("port {} goes on without its reservation: {}", port.host_port, error.what());
        }
    }
}

void Networks::relay(const ContainerRow& row, const Targets& targets) {
    Serving& serving = serving_[row.id];
    serving.relays.clear();
    const auto target = targets.v4 && targets.v4->ipv4   ? targets.v4->ipv4
                        : targets.v6 && targets.v6->ipv6 ? targets.v6->ipv6
                                                         : std::nullopt;
    if (!target) {
        return;  // connections are accepted and wait in the backlog until there is a network again
    }
    for (size_t i = 0; i < row.ports.size(); ++i) {
        net::PortReservation reservation;
        reservation.host_ip = address_of(row.ports[i].host_ip);
        reservation.port = row.ports[i].host_port;
        reservation.protocol = row.ports[i].protocol;
        for (const std::string& key : keeper_.keys(reservation_key(row.id, i))) {
            const int fd = ::fcntl(keeper_.find(key), F_DUPFD_CLOEXEC, 3);
            reservation.sockets.emplace_back(check(fd, [] { return "duplicate a descriptor"; }));
        }
        if (!reservation.sockets.empty()) {
            serving.relays.emplace_back(loop_, reservation, *target, row.ports[i].container_port);
        }
    }
}

}  // namespace stack::engine::supervisor
