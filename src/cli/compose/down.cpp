#include <fmt/format.h>

#include "cli/compose/lifecycle.hpp"
#include "cli/compose/rmi.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int compose_down(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    const std::string rmi = flags.value_or("rmi", "");
    if (!rmi.empty() && rmi != "all" && rmi != "local") {
        throw UsageError{fmt::format("invalid value '{}' for --rmi: expected all or local", rmi)};
    }
    desired::DesiredState state;
    if (project.loaded) {
        check_services(project.loaded->project, flags.words());
        state = desired_state(*project.loaded);
    }
    state.project = project.name;
    const engine::DownOptions options{.services = flags.words(),
                                      .remove_orphans = flags.on("remove-orphans"),
                                      .volumes = flags.on("volumes"),
                                      .stop_timeout = timeout_flag(flags)};
    const std::vector<std::string> images =
        rmi.empty() ? std::vector<std::string>{} : images_of(context, state, rmi == "all");
    run_operation(
        context, project.name, "Running",
        [&](engine::SupervisorClient& client, const engine::EventSink& sink) { client.down(state, options, sink); });
    remove_project_images(context, images);
    return 0;
}

}  // namespace stack::cli
