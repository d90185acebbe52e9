#pragma once

namespace stack::runtime {

/// Our own PID 1 (`init: true`): forks; the child returns from here and executes. The parent stays, forwards every
/// signal to the child, reaps whatever is orphaned, and ends with the child's exit code. Where the PID namespace is not
/// the container's own it is a subreaper (prctl(2) PR_SET_CHILD_SUBREAPER). It keeps no descriptor.
void stay_as_init(bool tty);

}  // namespace stack::runtime
