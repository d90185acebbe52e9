#include "cli/project.hpp"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/exit_codes.hpp"
#include "compose/desired/desired.hpp"
#include "support/text.hpp"

namespace stack::cli {

std::string given_project_name(const Context& context) {
    const char* variable = std::getenv("COMPOSE_PROJECT_NAME");
    return !context.project.name.empty() ? context.project.name : variable ? variable : "";
}

ProjectHandle find_project(const Context& context) {
    const std::string name = given_project_name(context);
    try {
        compose::LoadedProject loaded = load_project(context, {}, Warnings::left_out);
        std::string loaded_name = loaded.project.name;
        return {std::move(loaded_name), std::move(loaded)};
    } catch (const ExitError& error) {
        if (error.exit_code() == exit_file_not_found && !name.empty() && context.project.files.empty()) {
            return {name, std::nullopt};
        }
        throw;
    }
}

desired::DesiredState desired_state(const compose::LoadedProject& loaded) {
    try {
        compose::DesiredProject made = compose::make_desired(loaded);
        fmt::print(stderr, "{}", compose::render_findings(made.warnings, *loaded.files));
        return std::move(made.state);
    } catch (const compose::LoadFailure& failure) {
        fmt::print(stderr, "{}", compose::render_findings(failure.findings(), failure.files()));
        throw Exit{exit_invalid_project};
    }
}

void check_services(const compose::Project& project, const std::vector<std::string>& services) {
    for (const std::string& service : services) {
        if (project.services.contains(service) || project.disabled_services.contains(service)) {
            continue;
        }
        std::vector<std::string> known;
        for (const auto& [name, value] : project.services) {
            known.push_back(name);
        }
        Error error{Errc::not_found, fmt::format("no such service: '{}'", service)};
        const std::optional<std::string> near = nearest(service, known);
        error.set_hint(
            near ? fmt::format("did you mean '{}'?", *near)
                 : fmt::format("project '{}' has {}", project.name, known.empty() ? "no services" : join(known, ", ")));
        throw error;
    }
}

}  // namespace stack::cli
