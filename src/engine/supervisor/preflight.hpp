#pragma once

#include "engine/reconcile/plan.hpp"
#include "engine/supervisor/project.hpp"

namespace stack::engine::supervisor {

/// Throws what is known to fail later, before the first step of `up` makes anything: log drivers that are not there,
/// limits of space that the file system cannot keep, host ports that others hold. Ports of containers that the plan
/// stops or replaces count as free. What another process takes between this and the start of the container is told by
/// the start.
void check_before(Project& project, const reconcile::Plan& plan, const desired::DesiredState& desired);

}  // namespace stack::engine::supervisor
