#include "cli/compose/lifecycle.hpp"
#include "cli/container/attach_session.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int compose_attach(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    const std::string& service = flags.words().front();
    if (project.loaded) {
        check_services(project.loaded->project, {service});
    }
    const engine::ContainerRow row = StateView{context.paths}.replica(project.name, service, flags.number("index"));
    return attach_to_row(context, flags, row);
}

}  // namespace stack::cli
