#pragma once

#include <optional>

#include <sys/types.h>

namespace stack::engine::supervisor {

/// The wait status of a process that is not our child. As long as nobody has reaped it, /proc/PID/stat tells; from
/// then on its pidfd: PIDFD_GET_INFO with PIDFD_INFO_EXIT, Linux 6.15. nullopt: it still lives, or it was reaped on an
/// older kernel and nobody can tell any more. Allocates nothing.
std::optional<int> exit_status_of(pid_t pid, int pidfd) noexcept;

}  // namespace stack::engine::supervisor
