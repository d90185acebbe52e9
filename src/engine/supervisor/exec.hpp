#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "engine/runtime/plan_launch.hpp"
#include "engine/supervisor/project.hpp"

namespace stack::engine::supervisor {

/// A process that the supervisor runs inside a container: healthchecks and hooks.
struct ExecResult {
    std::optional<int> exit_code;  ///< unset: it could not be started, or its time was over and it was killed
    bool timed_out{false};
    std::string output;  ///< first 4096 bytes of stdout and stderr together
};

/// Runs it to its end or for at most `timeout` (zero: for ever).
Task<ExecResult> run_in_container(Project& project, const Container& container, const runtime::ExecRequest& request,
                                  const std::chrono::nanoseconds& timeout);

}  // namespace stack::engine::supervisor
