#include <fmt/format.h>

#include "cli/compose/lifecycle.hpp"
#include "cli/container/process_table.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/access/tree.hpp"

namespace stack::cli {

int compose_top(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    if (project.loaded) {
        check_services(project.loaded->project, flags.words());
    }
    const ProcessTable columns{{}};
    const StateView state{context.paths};
    for (const engine::ContainerRow& row : state.of_project(project.name, flags.words(), true)) {
        if (row.vanished || row.pid == 0) {
            continue;
        }
        const auto plan = engine::container_plan(context.paths, row);
        fmt::print("{}\n{}\n", row.name, columns.table(runtime::list_processes(plan.cgroup)).str());
    }
    return 0;
}

}  // namespace stack::cli
