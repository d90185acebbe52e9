#include <fmt/format.h>

#include "cli/compose/lifecycle.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int compose_wait(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    if (project.loaded) {
        check_services(project.loaded->project, flags.words());
    }
    engine::SupervisorClient client{context.paths, project.name};
    int code = 0;
    for (const engine::ContainerRow& row : StateView{context.paths}.of_project(project.name, flags.words())) {
        const engine::ExitResult result = client.wait(row.id, engine::SupervisorClient::WaitFor::not_running);
        if (!result.exit_code) {
            throw Error{Errc::system, fmt::format("nobody saw with which code container {} ended", row.name)};
        }
        code = *result.exit_code;
        fmt::print("{}\n", code);
        if (flags.on("down-project")) {
            desired::DesiredState state;
            state.project = project.name;
            client.down(state, {}, [](const engine::Event&) {});
            break;
        }
    }
    return code;
}

}  // namespace stack::cli
