#include <unistd.h>

#include "cli/compose/lifecycle.hpp"
#include "cli/container/exec_session.hpp"
#include "cli/state_view.hpp"
#include "cli/terminal_session.hpp"
#include "cli/verbs.hpp"
#include "engine/runtime/launch.hpp"

namespace stack::cli {

namespace {

engine::ContainerRow find_replica(const Context& context, const std::string& service, std::optional<long> index) {
    const StateView view{context.paths};
    if (const std::string name = given_project_name(context); !name.empty()) {
        try {
            return view.replica(name, service, index);
        } catch (const Error& error) {
            if (error.code() != Errc::not_found) {
                throw;
            }
            // The files know whether there is such a service at all.
        }
    }
    const ProjectHandle project = find_project(context);
    if (project.loaded) {
        check_services(project.loaded->project, {service});
    }
    return view.replica(project.name, service, index);
}

}  // namespace

int compose_exec(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    const std::string& service = flags.words().front();
    const bool terminals = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    ExecWish wish;
    wish.args.assign(flags.words().begin() + 1, flags.words().end());
    wish.env = flags.values("env");
    wish.user = flags.value_or("user", "");
    wish.working_dir = flags.value_or("workdir", "");
    wish.detach = flags.on("detach");
    wish.privileged = flags.on("privileged");
    wish.tty = terminals && !flags.on("no-tty") && (!flags.given("tty") || flags.on("tty"));
    wish.interactive = !wish.detach && (!flags.given("interactive") || flags.on("interactive"));
    wish.detach_keys = parse_detach_keys(default_detach_keys);
    return exec_in_container(context, find_replica(context, service, flags.number("index")), wish);
}

}  // namespace stack::cli
