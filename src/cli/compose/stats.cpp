#include "cli/compose/lifecycle.hpp"
#include "cli/container/usage.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int compose_stats(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    if (project.loaded) {
        check_services(project.loaded->project, flags.words());
    }
    const bool all = flags.on("all");
    const auto rows = [&] {
        auto found = StateView{context.paths}.of_project(project.name, flags.words(), true);
        std::erase_if(found, [&](const auto& row) { return !all && !row.is_up(); });
        return found;
    };
    const StatsWish wish{flags.value_or("format", ""), flags.on("no-stream"), flags.on("no-trunc")};
    return show_stats(context, wish, rows);
}

}  // namespace stack::cli
