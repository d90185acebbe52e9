#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/compose/lifecycle.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

namespace {

/// Asks on the terminal; without one the answer is no.
bool confirmed(const std::vector<std::string>& names) {
    fmt::print(stderr, "Going to remove {}\nAre you sure? [yN] ", fmt::join(names, ", "));
    std::fflush(stderr);
    char answer[16] = {};
    return std::fgets(answer, sizeof answer, stdin) != nullptr && (answer[0] == 'y' || answer[0] == 'Y');
}

}  // namespace

int compose_rm(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    const std::optional<engine::Targets> wanted = project_targets(context, project, flags.words());
    engine::Targets targets;
    targets.include_one_off = flags.on("all");
    std::vector<std::string> names;
    if (wanted) {
        for (const auto& row : StateView{context.paths}.of_project(project.name, wanted->services, flags.on("all"))) {
            if (flags.on("stop") || !row.is_up()) {
                targets.containers.push_back(row.id);
                names.push_back(row.name);
            }
        }
    }
    if (names.empty()) {
        fmt::print(stderr, "No stopped containers\n");
        return 0;
    }
    if (!flags.on("force") && !confirmed(names)) {
        return 0;
    }
    const engine::RemoveOptions options{.force = false, .volumes = flags.on("volumes"), .stop = flags.on("stop")};
    run_operation(context, project.name, "Removing",
                  [&](engine::SupervisorClient& client, const engine::EventSink& sink) {
                      client.remove(targets, options, sink);
                  });
    return 0;
}

}  // namespace stack::cli
