#pragma once

#include "engine/supervisor/project.hpp"

namespace stack::engine::supervisor {

/// Tells a container of those that it is linked to in the way of Docker's first links: a line in /etc/hosts for each
/// (extra_hosts) and variables in front of its own (DB_PORT_5432_TCP_ADDR …, DB_NAME, DB_ENV_…). `row` has its
/// endpoints. Throws Errc::conflict if one of them does not run. Other links are names in DNS: see zones.cpp.
void tell_of_links(Project& project, const ContainerRow& row, desired::ContainerSpec& spec);

}  // namespace stack::engine::supervisor
