#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/compose/images.hpp"
#include "cli/compose/lifecycle.hpp"
#include "cli/compose/up_flags.hpp"
#include "cli/compose/up_foreground.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
#include "engine/runtime/launch.hpp"

namespace stack::cli {

namespace {

void check_exclusions(const Flags& flags, bool foreground) {
    const auto exclude = [&](const char* a, const char* b) {
        if (flags.on(a) && flags.on(b)) {
            throw UsageError{fmt::format("--{} and --{} exclude each other", a, b)};
        }
    };
    exclude("force-recreate", "no-recreate");
    exclude("no-start", "wait");
    for (const char* name : {"abort-on-container-exit", "abort-on-container-failure"}) {
        if (!foreground && flags.on(name)) {
            throw UsageError{fmt::format("--{} and --detach exclude each other", name)};
        }
    }
    if (!foreground && (flags.given("attach") || flags.on("attach-dependencies") || flags.given("exit-code-from"))) {
        throw UsageError{"--detach cannot be combined with --attach, --attach-dependencies or --exit-code-from"};
    }
}

/// Whose output is shown: the named services (with what they depend on, if asked), all by default.
LogStream::Wanted attached(const Flags& flags, const desired::DesiredState& state) {
    std::set<std::string> shown;
    const std::vector<std::string>& named = flags.words();
    const std::vector<std::string> chosen = flags.values("attach");
    for (const std::string& name : !chosen.empty()                   ? chosen
                                   : flags.on("attach-dependencies") ? with_dependencies(state, named)
                                   : named.empty()                   ? with_dependencies(state, {})
                                                                     : named) {
        shown.insert(name);
    }
    for (const desired::ServiceSpec& service : state.services) {
        if (chosen.empty() && !service.container.attach) {
            shown.erase(service.name);
        }
    }
    for (const std::string& name : flags.values("no-attach")) {
        shown.erase(name);
    }
    return [shown](const engine::ContainerRow& row) { return shown.contains(row.service); };
}

ForegroundOptions foreground_options(const Context& context, const Flags& flags, const desired::DesiredState& state) {
    ForegroundOptions options;
    options.style = {.prefix = !flags.on("no-log-prefix"),
                     .timestamps = flags.on("timestamps"),
                     .colours = !flags.on("no-color") && colours_on(STDOUT_FILENO, context.colours)};
    options.attached = attached(flags, state);
    options.exit_code_from = flags.value_or("exit-code-from", "");
    options.abort_on_exit = flags.on("abort-on-container-exit") || !options.exit_code_from.empty();
    options.abort_on_failure = flags.on("abort-on-container-failure");
    options.stop_timeout = timeout_flag(flags);
    return options;
}

engine::UpOptions up_options(const Flags& flags, const compose::Project& project) {
    engine::UpOptions options = common_up_options(flags, project);
    if (flags.on("always-recreate-deps")) {
        options.recreate_dependencies = engine::Recreate::force;
    }
    options.stop_timeout = timeout_flag(flags);
    options.start = !flags.on("no-start");
    options.no_deps = flags.on("no-deps");
    options.renew_anonymous_volumes = flags.on("renew-anon-volumes");
    options.wait = flags.on("wait");
    options.wait_timeout = timeout_flag(flags, "wait-timeout");
    return options;
}

}  // namespace

int compose_up(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    const bool foreground = !flags.on("detach") && !flags.on("wait") && !flags.on("no-start");
    check_exclusions(flags, foreground);
    const compose::LoadedProject loaded = load_project(context, flags.words());
    check_services(loaded.project, flags.words());
    const engine::UpOptions options = up_options(flags, loaded.project);
    desired::DesiredState state = desired_state(loaded);
    ImagePolicy policy = common_image_policy(flags);
    policy.quiet_build = flags.on("quiet-build");
    provide_images(context, loaded, state, flags.words(), policy);
    if (context.dry_run) {
        return print_plan(context, state, options);
    }
    if (foreground) {
        const ForegroundOptions shown = foreground_options(context, flags, state);
        return up_in_foreground(context, state, options, shown);
    }
    run_operation(
        context, state.project, "Running",
        [&](engine::SupervisorClient& client, const engine::EventSink& sink) { client.up(state, options, sink); });
    return 0;
}

}  // namespace stack::cli
