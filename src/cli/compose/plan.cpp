#include "engine/reconcile/plan.hpp"

#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "cli/compose/images.hpp"
#include "cli/compose/up_flags.hpp"
#include "cli/project.hpp"
#include "cli/state_view.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "engine/runtime/launch.hpp"
#include "net/network.hpp"
#include "net/network_store.hpp"
#include "volumes/volume_store.hpp"

namespace stack::cli {

namespace {

namespace reconcile = engine::reconcile;

bool has_label(const desired::StringMap& labels, const char* name, const std::string& value) {
    const auto found = labels.find(name);
    return found != labels.end() && found->second == value;
}

std::string label(const desired::StringMap& labels, const char* name) {
    const auto found = labels.find(name);
    return found == labels.end() ? std::string{} : found->second;
}

reconcile::ObservedContainer observed_container(const engine::ContainerRow& row) {
    reconcile::ObservedContainer seen;
    seen.id = row.id;
    seen.name = row.name;
    seen.service = row.service;
    seen.replica = row.replica;
    seen.one_off = row.one_off;
    seen.status = row.status;
    seen.exit_code = row.exit_code;
    seen.alive = row.is_up();
    seen.config_hash = row.config_hash;
    seen.image_id = row.image_id;
    seen.depends_on = reconcile::parse_depends_on_label(label(row.labels, "com.docker.compose.depends_on"));
    return seen;
}

/// The project as the database tells it, without asking a supervisor.
reconcile::Observed observe(const Context& context, const std::string& project) {
    reconcile::Observed observed;
    observed.project = project;
    std::error_code absent;
    if (!std::filesystem::exists(context.paths.database(), absent)) {
        return observed;
    }
    for (const engine::ContainerRow& row : StateView{context.paths}.of_project(project, {}, true)) {
        observed.containers.push_back(observed_container(row));
    }
    const Database database{context.paths.database()};
    for (const net::Network& network : net::NetworkStore{database, context.paths.tag()}.list()) {
        observed.networks.push_back({network.name, label(network.labels, "com.docker.compose.config-hash"),
                                     has_label(network.labels, "com.docker.compose.project", project)});
    }
    for (const volumes::Volume& volume : volumes::VolumeStore{context.paths, database}.list()) {
        observed.volumes.push_back({volume.name, has_label(volume.labels, "com.docker.compose.project", project)});
    }
    return observed;
}

constexpr std::array<std::string_view, 14> in_words{
    "create network",      "remove network",        "create volume",       "remove volume",  "create container",
    "replace container",   "start container",       "restart container",   "stop container", "remove container",
    "wait until healthy:", "wait until completed:", "wait until running:", "keep container"};

std::string as_table(const reconcile::Plan& plan) {
    Table table{{"STEP", "ACTION", "REASON", "AFTER"}};
    for (const reconcile::Node& node : plan.nodes) {
        table.add({std::to_string(node.number),
                   fmt::format("{} {}", in_words.at(static_cast<size_t>(node.action)),
                               node.name.empty() ? node.service : node.name),
                   node.reason, fmt::format("{}", fmt::join(node.needs, ", "))});
    }
    return table.str();
}

}  // namespace

int print_plan(const Context& context, const desired::DesiredState& state, const engine::UpOptions& options) {
    const reconcile::Plan plan = reconcile::plan_up(state, observe(context, state.project), options);
    fmt::print("{}", as_table(plan));
    for (const std::string& warning : plan.warnings) {
        fmt::print(stderr, "warning: {}\n", warning);
    }
    if (plan.empty()) {
        fmt::print(stderr, "nothing to change\n");
    }
    return 0;
}

int compose_plan(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    const compose::LoadedProject loaded = load_project(context, flags.words());
    check_services(loaded.project, flags.words());
    const engine::UpOptions options = common_up_options(flags, loaded.project);
    desired::DesiredState state = desired_state(loaded);
    provide_images(context, loaded, state, flags.words(), common_image_policy(flags));
    return print_plan(context, state, options);
}

}  // namespace stack::cli
