#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/compose/images.hpp"
#include "cli/compose/lifecycle.hpp"
#include "cli/container/attach_session.hpp"
#include "cli/container/env_file.hpp"
#include "cli/container/spec_flags.hpp"
#include "cli/exit_codes.hpp"
#include "cli/state_view.hpp"
#include "cli/terminal_session.hpp"
#include "cli/verbs.hpp"
#include "compose/short_forms.hpp"
#include "engine/client.hpp"
#include "engine/runtime/launch.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using desired::DesiredState;
using desired::ServiceSpec;
using Condition = desired::Dependency::Condition;

ServiceSpec& service_of(DesiredState& state, const std::string& name) {
    return *std::find_if(state.services.begin(), state.services.end(),
                         [&](const ServiceSpec& service) { return service.name == name; });
}

std::vector<std::string> dependencies_of(const ServiceSpec& service, std::optional<Condition> condition = {}) {
    std::vector<std::string> names;
    for (const desired::Dependency& dependency : service.depends_on) {
        if (!condition || dependency.condition == *condition) {
            names.push_back(dependency.service);
        }
    }
    return names;
}

void expect_completed(const Context& context, const DesiredState& state, const ServiceSpec& service) {
    engine::SupervisorClient client{context.paths, state.project};
    for (const std::string& name : dependencies_of(service, Condition::completed_successfully)) {
        for (const auto& row : StateView{context.paths}.of_project(state.project, {name})) {
            const auto result = client.wait(row.id, engine::SupervisorClient::WaitFor::not_running);
            if (result.exit_code != 0) {
                throw Error{Errc::conflict, fmt::format("dependency failed: container '{}' ended with code {}",
                                                        row.name, result.exit_code.value_or(-1))};
            }
        }
    }
}

/// Brings up what the service depends on, and waits for its conditions.
void start_dependencies(const Context& context, const Flags& flags, const DesiredState& state,
                        const ServiceSpec& service) {
    engine::UpOptions options;
    options.services = dependencies_of(service);
    options.remove_orphans = flags.on("remove-orphans");
    if (options.services.empty()) {
        return;
    }
    Context shown = context;
    shown.progress = flags.on("quiet") ? ProgressStyle::quiet : context.progress;
    run_operation(shown, state.project, "Running", [&](auto& client, const auto& sink) {
        client.up(state, options, sink);
        engine::UpOptions healthy;
        healthy.services = dependencies_of(service, Condition::healthy);
        healthy.no_deps = true;
        healthy.wait = true;
        if (!healthy.services.empty()) {
            client.up(state, healthy, sink);
        }
    });
    expect_completed(context, state, service);
}

void remove_orphans(const Context& context, const DesiredState& state) {
    std::set<std::string> known{state.inactive_services.begin(), state.inactive_services.end()};
    for (const ServiceSpec& service : state.services) {
        known.insert(service.name);
    }
    engine::Targets orphans;
    for (const auto& row : StateView{context.paths}.of_project(state.project)) {
        if (!known.contains(row.service)) {
            orphans.containers.push_back(row.id);
        }
    }
    if (!orphans.containers.empty()) {
        engine::SupervisorClient client{context.paths, state.project};
        client.remove(orphans, {.force = false, .volumes = false, .stop = true}, {});
    }
}

void take_command(const Flags& flags, desired::ContainerSpec& spec) {
    if (const auto entrypoint = flags.value("entrypoint")) {
        compose::Findings findings;
        const compose::Node words =
            compose::split_command(compose::Node::string(*entrypoint), compose::Path{}, findings);
        if (findings.has_errors()) {
            throw UsageError{fmt::format("invalid value '{}' for --entrypoint: a quote is not closed", *entrypoint)};
        }
        spec.entrypoint.emplace();
        for (const compose::Node& word : words.items()) {
            spec.entrypoint->push_back(word.text);
        }
        spec.command.reset();
    }
    if (flags.words().size() > 1) {
        spec.command = desired::Strings{flags.words().begin() + 1, flags.words().end()};
    }
}

void take_environment(const Flags& flags, desired::ContainerSpec& spec) {
    for (const std::string& variable : env_with_files(flags.values("env-from-file"), flags.values("env"))) {
        const std::string name = variable.substr(0, variable.find('=') + 1);
        std::erase_if(spec.environment, [&](const std::string& it) { return it.starts_with(name); });
        spec.environment.push_back(variable);
    }
}

void take_networks(const Flags& flags, desired::ContainerSpec& spec) {
    if (!flags.on("use-aliases")) {
        for (desired::EndpointSpec& endpoint : spec.endpoints) {
            endpoint.aliases.clear();
        }
    }
    for (desired::EndpointSpec& endpoint : spec.endpoints) {
        // An address of its own is the service's, not that of a second container.
        endpoint.ipv4_address.clear();
        endpoint.ipv6_address.clear();
        endpoint.mac_address.clear();
    }
    if (!flags.on("service-ports")) {
        spec.ports.clear();
    }
    for (const std::string& port : flags.values("publish")) {
        add_published_port(port, spec);
    }
}

/// The service's container as this command wants it.
desired::ContainerSpec one_off_spec(const Flags& flags, const ServiceSpec& service) {
    desired::ContainerSpec spec = service.container;
    take_command(flags, spec);
    take_environment(flags, spec);
    take_networks(flags, spec);
    spec.user = flags.value_or("user", spec.user);
    spec.working_dir = flags.value_or("workdir", spec.working_dir);
    const auto add = [&](desired::Strings& list, const char* flag) {
        for (const std::string& value : flags.values(flag)) {
            list.push_back(value);
        }
    };
    add(spec.cap_add, "cap-add");
    add(spec.cap_drop, "cap-drop");
    for (const auto& [name, value] : map_of(flags.values("label"))) {
        spec.labels[name] = value;
    }
    for (const std::string& volume : flags.values("volume")) {
        desired::Mount mount = parse_volume(volume);
        std::erase_if(spec.mounts, [&](const desired::Mount& it) { return it.target == mount.target; });
        spec.mounts.push_back(std::move(mount));
    }
    spec.restart = {};
    spec.auto_remove = flags.on("rm");
    const bool background = flags.on("detach");
    const bool interactive = !background && (!flags.given("interactive") || flags.on("interactive"));
    const bool terminals = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
    spec.tty = !flags.on("no-tty") && (background ? service.container.tty : terminals && interactive);
    spec.stdin_open = interactive || service.container.stdin_open;
    spec.stdin_once = interactive;
    return spec;
}

/// The networks and volumes of the project that the container takes part in: no others are made.
DesiredState surroundings(const DesiredState& state, const desired::ContainerSpec& spec) {
    DesiredState part = state;
    part.services.clear();
    std::erase_if(part.networks, [&](const auto& network) {
        return std::none_of(spec.endpoints.begin(), spec.endpoints.end(),
                            [&](const auto& endpoint) { return endpoint.network == network.name; });
    });
    std::erase_if(part.volumes, [&](const auto& volume) {
        return std::none_of(spec.mounts.begin(), spec.mounts.end(),
                            [&](const auto& mount) { return mount.source == volume.name; });
    });
    return part;
}

int run_one_off(const Context& context, const Flags& flags, const DesiredState& state, const ServiceSpec& service) {
    engine::CreateRequest request;
    request.spec = one_off_spec(flags, service);
    request.name = flags.value_or("name", "");
    request.service = service.name;
    request.one_off = true;
    engine::SupervisorClient client{context.paths, state.project};
    AttachWish wish;
    try {
        wish.id = client.create(request, surroundings(state, request.spec), [](const engine::Event& event) {
            if (event.progress == engine::Progress::warning) {
                fmt::print(stderr, "warning: {}\n", event.detail);
            }
        });
    } catch (const Error& error) {
        throw ExitError{exit_engine_error, error};
    }
    if (flags.on("detach")) {
        start_container(client, wish.id);
        fmt::print("{}\n", wish.id);
        return 0;
    }
    wish.project = state.project;
    wish.start = true;
    wish.interactive = request.spec.stdin_once;
    wish.tty = request.spec.tty;
    wish.auto_remove = request.spec.auto_remove;
    wish.detach_keys = parse_detach_keys(default_detach_keys);
    return attach_to_container(context, client, wish);
}

}  // namespace

int compose_run(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    const std::string& name = flags.words().front();
    const compose::LoadedProject loaded = load_project(context, std::vector<std::string>{name});
    check_services(loaded.project, {name});
    DesiredState state = desired_state(loaded);
    if (flags.on("no-deps")) {
        service_of(state, name).depends_on.clear();
    }
    provide_images(context, loaded, state, {name},
                   {.build = flags.on("build"),
                    .no_build = false,
                    .pull = flags.value_or("pull", ""),
                    .quiet_build = flags.on("quiet-build"),
                    .quiet_pull = flags.on("quiet-pull")});
    if (flags.on("remove-orphans")) {
        remove_orphans(context, state);
    }
    const ServiceSpec& service = service_of(state, name);
    start_dependencies(context, flags, state, service);
    return run_one_off(context, flags, state, service);
}

}  // namespace stack::cli
