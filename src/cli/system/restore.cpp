#include <fmt/format.h>

#include "cli/render_error.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int system_restore(Context& context, const Flags& flags) {
    if (!std::filesystem::exists(context.paths.database())) {
        return 0;  // nobody has run anything yet
    }
    int code = 0;
    const auto failed = [&](const std::string& project, const Error& error) {
        Error told = error;
        told.add_step(project.empty() ? "restore the containers without a project"
                                      : fmt::format("restore project '{}'", project));
        report_and_go_on(context, told);
        code = 1;
    };
    for (const std::string& project : engine::restore_projects(context.paths, flags.on("boot"), failed)) {
        fmt::print("{}\n", project.empty() ? "(containers without a project)" : project);
    }
    return code;
}

}  // namespace stack::cli
