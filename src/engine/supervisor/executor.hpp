#pragma once

#include <optional>
#include <string>

#include "engine/reconcile/plan.hpp"
#include "engine/supervisor/operation.hpp"
#include "engine/supervisor/project.hpp"

namespace stack::engine::supervisor {

struct ExecuteOptions {
    StopOptions stop;
    bool remove_anonymous_volumes{false};
    bool keep_anonymous_volumes{true};  ///< recreated containers take over the old one's
    std::optional<std::chrono::nanoseconds> wait_timeout;
};

/// Carries out a plan: each step as soon as the ones it needs are done, so independent branches go on side by side. A
/// failed step fails those that need it and no others. Throws the first failure after everything has come to rest; the
/// others were told as events. Takes no decisions: they are in the plan.
Task<> execute(Project& project, const reconcile::Plan& plan, const desired::DesiredState& desired,
               const ExecuteOptions& options, Operation& operation);

/// The project as the planner wants to see it.
reconcile::Observed observe(Project& project);

}  // namespace stack::engine::supervisor
