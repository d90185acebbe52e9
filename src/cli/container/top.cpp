#include <fmt/format.h>

#include "cli/container/process_table.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/access/tree.hpp"

namespace stack::cli {

int container_top(Context& context, const Flags& flags) {
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words().front());
    if (row.vanished || row.pid == 0) {
        throw Error{Errc::conflict, fmt::format("container {} is not running", row.name)};
    }
    const ProcessTable columns{{flags.words().begin() + 1, flags.words().end()}};
    const auto plan = engine::container_plan(context.paths, row);
    fmt::print("{}", columns.table(runtime::list_processes(plan.cgroup)).str());
    return 0;
}

}  // namespace stack::cli
