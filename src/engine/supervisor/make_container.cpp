#include "engine/supervisor/make_container.hpp"

#include <fmt/format.h>

#include "desired/json.hpp"
#include "engine/logs/driver.hpp"
#include "engine/options.hpp"
#include "engine/reconcile/plan.hpp"
#include "engine/supervisor/container.hpp"
#include "engine/supervisor/mounts.hpp"
#include "engine/supervisor/names.hpp"
#include "support/random.hpp"
#include "support/text.hpp"

namespace stack::engine::supervisor {
namespace {

/// The version of Compose whose labels these are: tools look for the label, not for the number.
constexpr const char* compose_version = "2.24.0";

std::string command_line(const desired::ContainerSpec& spec, const image::ImageConfig& image) {
    std::vector<std::string> words =
        spec.entrypoint ? *spec.entrypoint : image.entrypoint.value_or(std::vector<std::string>{});
    if (spec.command) {
        words.insert(words.end(), spec.command->begin(), spec.command->end());
    } else if (!spec.entrypoint && image.cmd) {
        // An entrypoint of one's own clears the image's command (Docker, compose-spec "entrypoint").
        words.insert(words.end(), image.cmd->begin(), image.cmd->end());
    }
    // Quoted as in Docker's lists, so that words are told apart.
    for (std::string& word : words) {
        if (&word != &words.front() && word.find(' ') != std::string::npos) {
            word = "'" + word + "'";
        }
    }
    return join(words, " ");
}

ContainerRow basic_row(Project& project, const desired::ContainerSpec& spec, const ContainerRow* previous) {
    const auto facts = project.image_facts(spec.image_id);
    ContainerRow row;
    row.id = random_hex(32);
    row.project = project.name;
    row.image = spec.image;
    row.image_id = spec.image_id;
    row.labels = facts->config.labels;
    for (const auto& [name, value] : spec.labels) {
        row.labels[name] = value;
    }
    row.created_ns = wall_clock_ns();
    row.command = command_line(spec, facts->config);
    row.log_driver = logs::to_string(logs::parse_driver(spec.logging.driver, spec.logging.options).driver);
    if (previous != nullptr) {
        for (const MountRow& mount : previous->mounts) {
            if (mount.anonymous) {
                row.mounts.push_back(mount);
            }
        }
    }
    row.spec_json = desired::to_json(spec);
    row.mounts = mount_rows(resolve_container_mounts(project, *facts, row, spec, false));
    return row;
}

void add_compose_labels(ContainerRow& row, const desired::DesiredState& state, const std::string& service,
                        int replica) {
    row.labels["com.docker.compose.project"] = state.project;
    row.labels["com.docker.compose.service"] = service;
    row.labels["com.docker.compose.container-number"] = std::to_string(replica);
    row.labels["com.docker.compose.oneoff"] = row.one_off ? "True" : "False";
    row.labels["com.docker.compose.version"] = compose_version;
    row.labels["com.docker.compose.image"] = row.image_id;
    row.labels["com.docker.compose.project.working_dir"] = state.working_dir;
    row.labels["com.docker.compose.project.config_files"] = join(state.config_files, ",");
}

}  // namespace

desired::StringMap network_labels(const desired::DesiredState& state, const desired::NetworkSpec& network) {
    desired::StringMap labels = network.labels;
    if (!state.project.empty()) {
        labels["com.docker.compose.project"] = state.project;
        labels["com.docker.compose.network"] = network.key;
        labels["com.docker.compose.version"] = compose_version;
        labels["com.docker.compose.config-hash"] = reconcile::network_hash(network);
    }
    return labels;
}

desired::StringMap volume_labels(const desired::DesiredState& state, const desired::VolumeSpec& volume) {
    desired::StringMap labels = volume.labels;
    if (!state.project.empty()) {
        labels["com.docker.compose.project"] = state.project;
        labels["com.docker.compose.volume"] = volume.key;
        labels["com.docker.compose.version"] = compose_version;
    }
    return labels;
}

ContainerRow make_service_container(Project& project, const desired::DesiredState& state,
                                    const desired::ServiceSpec& service, int replica, const std::string& name,
                                    const ContainerRow* previous) {
    ContainerRow row = basic_row(project, service.container, previous);
    row.name = name;
    row.service = service.name;
    row.replica = replica;
    row.config_hash = service.config_hash;
    add_compose_labels(row, state, service.name, replica);
    row.labels["com.docker.compose.config-hash"] = service.config_hash;
    row.labels["com.docker.compose.depends_on"] = reconcile::depends_on_label(service.depends_on);
    return row;
}

ContainerRow make_single_container(Project& project, const desired::DesiredState& state, const CreateRequest& request) {
    ContainerRow row = basic_row(project, request.spec, nullptr);
    row.one_off = request.one_off;
    row.service = request.service;
    if (!project.name.empty()) {
        add_compose_labels(row, state, request.service, 1);
    }
    row.name = request.name;
    if (row.name.empty() && request.one_off) {
        row.name = fmt::format("{}-{}-run-{}", project.name, request.service, random_hex(6));
    }
    while (row.name.empty()) {
        row.name = made_up_name();
        if (project.store.find(row.name)) {
            row.name.clear();
        }
    }
    return row;
}

}  // namespace stack::engine::supervisor
