#pragma once

#include "compose/finding.hpp"
#include "compose/project.hpp"

namespace stack::compose {

/// Finds cycles among the services' dependencies (explicit, and implied by links, volumes_from and `service:`
/// namespaces: Project::Service::depends_on holds both) and tells each with the whole round: "web -> db -> web".
void check_cycles(const Project& project, Findings& findings);

}  // namespace stack::compose
