#include "cli/compose/lifecycle.hpp"
#include "cli/container/attach_session.hpp"
#include "cli/state_view.hpp"
#include "cli/terminal_session.hpp"
#include "cli/verbs.hpp"
#include "desired/json.hpp"

namespace stack::cli {

int compose_attach(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    const std::string& service = flags.words().front();
    if (project.loaded) {
        check_services(project.loaded->project, {service});
    }
    const engine::ContainerRow row = StateView{context.paths}.replica(project.name, service, flags.number("index"));
    const desired::ContainerSpec spec = desired::container_spec_from_json(row.spec_json);
    AttachWish wish;
    wish.id = row.id;
    wish.project = row.project;
    wish.tty = spec.tty;
    wish.interactive = spec.stdin_open && !flags.on("no-stdin");
    wish.forward_signals = !flags.given("sig-proxy") || flags.on("sig-proxy");
    wish.detach_keys = parse_detach_keys(flags.value_or("detach-keys", default_detach_keys));
    engine::SupervisorClient client{context.paths, row.project};
    return attach_to_container(context, client, wish);
}

}  // namespace stack::cli
