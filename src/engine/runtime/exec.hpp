#pragma once

#include <sys/types.h>

#include "engine/runtime/launch.hpp"

namespace stack::runtime {

/// Descriptors for a further process; all borrowed. `container` is a pidfd of the container's first process.
struct ExecFds {
    int container{-1};
    int standard_input{-1}, standard_output{-1}, standard_error{-1};  ///< -1: /dev/null
    int console_socket{-1}, error_pipe{-1};
};

/// Whether the caller has something else to do until the program was executed: an event loop has, a command has not.
enum class Caller { goes_on, waits };

/// Clones a process into all namespaces, the cgroups and the root of a running container. Like launch(): one thread
/// only, the caller is the parent, failures come on the error pipe. Needs no supervisor.
/// Throws Errc::not_found if the container's process is gone.
Launched launch_exec(const ExecPlan& plan, const ExecFds& fds, Caller caller);

}  // namespace stack::runtime
