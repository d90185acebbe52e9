#include "engine/state/row_json.hpp"

#include <nlohmann/json.hpp>

#include "support/log.hpp"

namespace stack::engine {

using Json = nlohmann::json;

namespace {

template <class T>
void take(const Json& json, const char* name, T& value) {
    if (const auto member = json.find(name); member != json.end()) {
        member->get_to(value);
    }
}

template <class T, class Read>
T parse(std::string_view text, Read&& read) {
    T value;
    if (text.empty()) {
        return value;
    }
    try {
        read(Json::parse(text), value);
    } catch (const std::exception& error) {
        log_warning("a column of table containers is unreadable: {}", error.what());
        return T{};
    }
    return value;
}

}  // namespace

std::string labels_to_json(const std::map<std::string, std::string>& labels) {
    return labels.empty() ? std::string{} : Json(labels).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::map<std::string, std::string> labels_from_json(std::string_view text) {
    return parse<std::map<std::string, std::string>>(text, [](const Json& json, auto& labels) { json.get_to(labels); });
}

std::string health_to_json(const Health& health) {
    if (health.status == HealthStatus::none && health.log.empty()) {
        return {};
    }
    Json log = Json::array();
    for (const HealthProbe& probe : health.log) {
        log.push_back(
            {{"start", probe.start_ns}, {"end", probe.end_ns}, {"exit", probe.exit_code}, {"output", probe.output}});
    }
    return Json{{"status", to_string(health.status)}, {"failing", health.failing_streak}, {"log", std::move(log)}}.dump(
        -1, ' ', false, Json::error_handler_t::replace);
}

Health health_from_json(std::string_view text) {
    return parse<Health>(text, [](const Json& json, Health& health) {
        health.status = parse_health_status(json.value("status", "none")).value_or(HealthStatus::none);
        take(json, "failing", health.failing_streak);
        for (const Json& entry : json.value("log", Json::array())) {
            HealthProbe& probe = health.log.emplace_back();
            take(entry, "start", probe.start_ns);
            take(entry, "end", probe.end_ns);
            take(entry, "exit", probe.exit_code);
            take(entry, "output", probe.output);
        }
    });
}

std::string endpoints_to_json(const std::vector<EndpointRow>& endpoints) {
    if (endpoints.empty()) {
        return {};
    }
    Json list = Json::array();
    for (const EndpointRow& row : endpoints) {
        list.push_back({{"network", row.network},
                        {"network_id", row.network_id},
                        {"ipv4", row.ipv4},
                        {"ipv4_prefix", row.ipv4_prefix},
                        {"ipv4_gateway", row.ipv4_gateway},
                        {"ipv6", row.ipv6},
                        {"ipv6_prefix", row.ipv6_prefix},
                        {"ipv6_gateway", row.ipv6_gateway},
                        {"mac", row.mac},
                        {"interface", row.interface_name},
                        {"aliases", row.aliases},
                        {"dns_names", row.dns_names}});
    }
    return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<EndpointRow> endpoints_from_json(std::string_view text) {
    return parse<std::vector<EndpointRow>>(text, [](const Json& list, auto& rows) {
        for (const Json& json : list) {
            EndpointRow& row = rows.emplace_back();
            take(json, "network", row.network);
            take(json, "network_id", row.network_id);
            take(json, "ipv4", row.ipv4);
            take(json, "ipv4_prefix", row.ipv4_prefix);
            take(json, "ipv4_gateway", row.ipv4_gateway);
            take(json, "ipv6", row.ipv6);
            take(json, "ipv6_prefix", row.ipv6_prefix);
            take(json, "ipv6_gateway", row.ipv6_gateway);
            take(json, "mac", row.mac);
            take(json, "interface", row.interface_name);
            take(json, "aliases", row.aliases);
            take(json, "dns_names", row.dns_names);
        }
    });
}

std::string ports_to_json(const std::vector<PublishedPort>& ports) {
    if (ports.empty()) {
        return {};
    }
    Json list = Json::array();
    for (const PublishedPort& port : ports) {
        list.push_back(Json::array({port.host_ip, port.host_port, port.container_port, port.protocol}));
    }
    return list.dump();
}

std::vector<PublishedPort> ports_from_json(std::string_view text) {
    return parse<std::vector<PublishedPort>>(text, [](const Json& list, auto& ports) {
        for (const Json& json : list) {
            ports.push_back({json.at(0), json.at(1), json.at(2), json.at(3)});
        }
    });
}

std::string mounts_to_json(const std::vector<MountRow>& mounts) {
    if (mounts.empty()) {
        return {};
    }
    Json list = Json::array();
    for (const MountRow& mount : mounts) {
        list.push_back({{"type", mount.type},
                        {"name", mount.name},
                        {"source", mount.source},
                        {"destination", mount.destination},
                        {"propagation", mount.propagation},
                        {"rw", mount.read_write},
                        {"anonymous", mount.anonymous}});
    }
    return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<MountRow> mounts_from_json(std::string_view text) {
    return parse<std::vector<MountRow>>(text, [](const Json& list, auto& mounts) {
        for (const Json& json : list) {
            MountRow& mount = mounts.emplace_back();
            take(json, "type", mount.type);
            take(json, "name", mount.name);
            take(json, "source", mount.source);
            take(json, "destination", mount.destination);
            take(json, "propagation", mount.propagation);
            take(json, "rw", mount.read_write);
            take(json, "anonymous", mount.anonymous);
        }
    });
}

}  // namespace stack::engine
