#include "cli/compose/lifecycle.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "cli/state_view.hpp"
#include "engine/client.hpp"

namespace stack::cli {

std::optional<engine::Targets> project_targets(const Context& context, const ProjectHandle& project,
                                               const std::vector<std::string>& services) {
    const std::vector<std::string> present = StateView{context.paths}.services(project.name);
    engine::Targets targets;
    for (const std::string& service : services) {
        if (std::binary_search(present.begin(), present.end(), service)) {
            targets.services.push_back(service);
        } else if (project.loaded) {
            check_services(project.loaded->project, {service});
        } else {
            throw Error{Errc::not_found, fmt::format("no such service: '{}'", service)};
        }
    }
    if (present.empty() || (!services.empty() && targets.services.empty())) {
        return std::nullopt;
    }
    targets.all = services.empty();
    return targets;
}

int act_on_services(const Context& context, const Flags& flags, const std::string& title, const TargetAction& act) {
    const ProjectHandle project = find_project(context);
    const std::optional<engine::Targets> targets = project_targets(context, project, flags.words());
    if (!targets) {
        fmt::print(stderr, "project '{}' has no such containers: nothing to do\n", project.name);
        return 0;
    }
    run_operation(context, project.name, title, [&](engine::SupervisorClient& client, const engine::EventSink& sink) {
        act(client, *targets, sink);
    });
    return 0;
}

std::optional<std::chrono::nanoseconds> timeout_flag(const Flags& flags, std::string_view name) {
    const std::optional<long> seconds = flags.number(name);
    return seconds ? std::optional<std::chrono::nanoseconds>{std::chrono::seconds{*seconds}} : std::nullopt;
}

}  // namespace stack::cli
