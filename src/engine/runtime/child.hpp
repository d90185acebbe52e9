#pragma once

#include "engine/runtime/exec.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// What the cloned process does, from its first instruction to execve(2). These never return; whatever goes wrong is
/// told on the error pipe and ends the process with the failure's exit code.
[[noreturn]] void run_launch_child(const LaunchPlan& plan, const LaunchFds& fds) noexcept;
[[noreturn]] void run_exec_child(const ExecPlan& plan, const ExecFds& fds, int container_root) noexcept;

}  // namespace stack::runtime
