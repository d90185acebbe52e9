#pragma once

#include <string>

#include "engine/runtime/launch_plan.hpp"
#include "engine/runtime/report.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {

/// Standard descriptors that the new process gets; -1 means /dev/null. With a tty all three are the terminal.
struct StandardFds {
    int input{-1}, output{-1}, error{-1};
    int console_socket{-1};
    bool console_device{false};  ///< bind the terminal to /dev/console too
};

/// What confines the new process, taken while the host's root was still there.
struct Confinement {
    std::string seccomp;   ///< sock_filter array; empty: no filter
    UniqueFd own_process;  ///< of open_own_process(); empty without an AppArmor profile
};
Confinement load_confinement(const ProcessPlan& plan);

/// In the child: signals to their defaults, a session of its own, no dumps (prctl(2) PR_SET_DUMPABLE: a container that
/// shares our user cannot look into us before execve).
void reset_process();

/// In the child, inside its final root: terminal or pipes, limits, working directory, user, capabilities, seccomp, and
/// execve(2). With `init` the calling process stays as PID 1 and a child of it executes.
/// Throws Error; a failed execve is reported as ExecFailed.
struct ExecFailed {
    LaunchFailure failure;
};
[[noreturn]] void become(const ProcessPlan& plan, const StandardFds& fds, const Confinement& confinement, bool init,
                         const LaunchReport& report);

}  // namespace stack::runtime
