#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/load_project.hpp"
#include "desired/desired_state.hpp"

namespace stack::cli {

/// The project as far as a command needs it that works on what is running: its name, and the files if there are any.
/// Without files a name (-p, COMPOSE_PROJECT_NAME) is enough.
struct ProjectHandle {
    std::string name;
    std::optional<compose::LoadedProject> loaded;
};
ProjectHandle find_project(const Context& context);
/// The name that -p or COMPOSE_PROJECT_NAME gives; it comes before what the files say, which then need not be read to
/// find what is running. Empty: neither does.
std::string given_project_name(const Context& context);

/// The desired state of a loaded project; what its keys cannot have here is told on standard error.
desired::DesiredState desired_state(const compose::LoadedProject& loaded);

/// UsageError-like Error (Errc::not_found, "no such service: …" with the nearest one) unless all are services of the
/// project, whatever their profile.
void check_services(const compose::Project& project, const std::vector<std::string>& services);

}  // namespace stack::cli
