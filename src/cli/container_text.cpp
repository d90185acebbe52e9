#include "cli/container_text.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "cli/table.hpp"
#include "desired/json.hpp"
#include "support/duration.hpp"

namespace stack::cli {

using engine::ContainerRow;
using engine::ContainerStatus;
using engine::HealthStatus;
using engine::PublishedPort;

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

namespace {

std::string age(std::int64_t since_ns) {
    return describe_age(std::chrono::seconds{std::max<std::int64_t>(0, now_ns() - since_ns) / 1'000'000'000});
}

std::string health_suffix(const ContainerRow& row) {
    switch (row.health.status) {
        case HealthStatus::none:
            return {};
        case HealthStatus::starting:
            return " (health: starting)";
        case HealthStatus::healthy:
        case HealthStatus::unhealthy:
            return fmt::format(" ({})", to_string(row.health.status));
    }
    return {};
}

std::string exit_text(const ContainerRow& row) {
    return row.exit_code ? std::to_string(*row.exit_code) : "unknown";
}

}  // namespace

std::string status_text(const ContainerRow& row) {
    if (row.vanished) {
        return "Exited (unknown)";
    }
    switch (row.status) {
        case ContainerStatus::created:
            return "Created";
        case ContainerStatus::running:
            return fmt::format("Up {}{}", age(row.started_ns), health_suffix(row));
        case ContainerStatus::paused:
            return fmt::format("Up {} (Paused)", age(row.started_ns));
        case ContainerStatus::restarting:
            return fmt::format("Restarting ({}) {} ago", exit_text(row), age(row.finished_ns));
        case ContainerStatus::exited:
            return fmt::format("Exited ({}) {} ago", exit_text(row), age(row.finished_ns));
        case ContainerStatus::dead:
            return "Dead";
        case ContainerStatus::removing:
            return "Removal In Progress";
    }
    return {};
}

std::string state_word(const ContainerRow& row) {
    return std::string{row.vanished ? to_string(ContainerStatus::exited) : to_string(row.status)};
}

namespace {

/// Ports that count up side by side: host and container port by the same step.
struct PortRun {
    std::string host_ip, protocol;
    int host_first{0}, container_first{0}, length{1};

    std::string str() const {
        const auto range = [&](int first) {
            return length == 1 ? std::to_string(first) : fmt::format("{}-{}", first, first + length - 1);
        };
        if (host_first == 0) {
            return fmt::format("{}/{}", range(container_first), protocol);
        }
        const bool v6 = host_ip.find(':') != std::string::npos;
        return fmt::format("{}{}{}:{}->{}/{}", v6 ? "[" : "", host_ip, v6 ? "]" : "", range(host_first),
                           range(container_first), protocol);
    }
    bool takes(const PortRun& next) const {
        return next.host_ip == host_ip && next.protocol == protocol &&
               next.container_first == container_first + length &&
               next.host_first == (host_first == 0 ? 0 : host_first + length);
    }
};

std::vector<PortRun> single_ports(const ContainerRow& row) {
    std::vector<PortRun> all;
    for (const PublishedPort& port : row.ports) {
        if (port.host_port != 0 && port.host_ip.empty()) {
            all.push_back({"0.0.0.0", port.protocol, port.host_port, port.container_port});
            all.push_back({"::", port.protocol, port.host_port, port.container_port});
        } else {
            all.push_back({port.host_ip, port.protocol, port.host_port, port.container_port});
        }
    }
    return all;
}

}  // namespace

std::string ports_text(const ContainerRow& row) {
    if (!row.is_up()) {
        return {};
    }
    std::vector<PortRun> ports = single_ports(row);
    std::sort(ports.begin(), ports.end(), [](const PortRun& a, const PortRun& b) {
        return std::tie(a.protocol, a.host_ip, a.container_first, a.host_first) <
               std::tie(b.protocol, b.host_ip, b.container_first, b.host_first);
    });
    std::vector<PortRun> runs;
    for (const PortRun& port : ports) {
        if (!runs.empty() && runs.back().takes(port)) {
            ++runs.back().length;
        } else {
            runs.push_back(port);
        }
    }
    std::stable_sort(runs.begin(), runs.end(), [](const PortRun& a, const PortRun& b) {
        return std::tie(a.container_first, a.protocol) < std::tie(b.container_first, b.protocol);
    });
    std::string out;
    for (const PortRun& run : runs) {
        out += (out.empty() ? "" : ", ") + run.str();
    }
    return out;
}

std::vector<std::string> network_names(const ContainerRow& row) {
    std::vector<std::string> names;
    for (const engine::EndpointRow& endpoint : row.endpoints) {
        names.push_back(endpoint.network);
    }
    if (!names.empty()) {
        return names;
    }
    const desired::ContainerSpec spec = desired::container_spec_from_json(row.spec_json);
    if (spec.network_mode == "none" || spec.network_mode == "host") {
        return {spec.network_mode};
    }
    for (const desired::EndpointSpec& endpoint : spec.endpoints) {
        names.push_back(endpoint.network);
    }
    return names;
}

std::string command_text(const ContainerRow& row, bool whole) {
    return fmt::format("\"{}\"", whole ? row.command : fit(row.command, 20));
}

std::string created_text(const ContainerRow& row) {
    return age(row.created_ns) + " ago";
}

std::string short_id(const std::string& id) {
    return id.substr(0, 12);
}

std::string log_name(const ContainerRow& row) {
    if (row.service.empty()) {
        return row.name;
    }
    const std::string prefix = row.project + "-";
    return row.name.starts_with(prefix) ? row.name.substr(prefix.size()) : row.name;
}

std::string rfc3339(std::int64_t time_ns) {
    if (time_ns == 0) {
        return "0001-01-01T00:00:00Z";
    }
    const std::time_t seconds = time_ns / 1'000'000'000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    std::string fraction = fmt::format("{:09}", time_ns % 1'000'000'000);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return fmt::format("{}{}{}Z", text, fraction.empty() ? "" : ".", fraction);
}

}  // namespace stack::cli
