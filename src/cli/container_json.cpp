#include "cli/container_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container_text.hpp"
#include "support/text.hpp"

namespace stack::cli {

using engine::ContainerRow;
using nlohmann::json;

namespace {

std::string labels_text(const ContainerRow& row) {
    std::string out;
    for (const auto& [name, value] : row.labels) {
        out += fmt::format("{}{}={}", out.empty() ? "" : ",", name, value);
    }
    return out;
}

std::string mounts_text(const ContainerRow& row) {
    std::string out;
    for (const engine::MountRow& mount : row.mounts) {
        out += (out.empty() ? "" : ",") + (mount.name.empty() ? mount.source : mount.name);
    }
    return out;
}

std::string networks_text(const ContainerRow& row) {
    return join(network_names(row), ",");
}

std::string health_word(const ContainerRow& row) {
    return row.health.status == engine::HealthStatus::none ? "" : std::string{to_string(row.health.status)};
}

json common_fields(const ContainerRow& row, bool no_trunc) {
    return {{"ID", no_trunc ? row.id : short_id(row.id)},
            {"Image", row.image},
            {"Command", command_text(row, no_trunc)},
            {"State", state_word(row)},
            {"Status", status_text(row)},
            {"Ports", ports_text(row)},
            {"Labels", labels_text(row)},
            {"Mounts", mounts_text(row)},
            {"Networks", networks_text(row)},
            {"RunningFor", created_text(row)}};
}

json publishers(const ContainerRow& row) {
    json all = json::array();
    for (const engine::PublishedPort& port : row.ports) {
        all.push_back({{"URL", port.host_ip.empty() && port.host_port != 0 ? "0.0.0.0" : port.host_ip},
                       {"TargetPort", port.container_port},
                       {"PublishedPort", port.host_port},
                       {"Protocol", port.protocol}});
    }
    return all;
}

}  // namespace

json docker_ps_fields(const ContainerRow& row, bool no_trunc) {
    json fields = common_fields(row, no_trunc);
    fields["Names"] = row.name;
    fields["CreatedAt"] = rfc3339(row.created_ns);
    fields["LocalVolumes"] = std::to_string(
        std::count_if(row.mounts.begin(), row.mounts.end(), [](const auto& mount) { return mount.type == "volume"; }));
    return fields;
}

json compose_ps_fields(const ContainerRow& row, bool no_trunc) {
    json fields = common_fields(row, no_trunc);
    fields["Name"] = row.name;
    fields["Names"] = row.name;
    fields["Service"] = row.service;
    fields["Project"] = row.project;
    fields["CreatedAt"] = rfc3339(row.created_ns);
    fields["Health"] = health_word(row);
    fields["ExitCode"] = row.shown_exit_code();
    fields["Publishers"] = publishers(row);
    return fields;
}

}  // namespace stack::cli
