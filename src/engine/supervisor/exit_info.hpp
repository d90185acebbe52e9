#pragma once

#include <optional>

namespace stack::engine::supervisor {

/// The wait status of a process that somebody else reaped, from its pidfd: PIDFD_GET_INFO with PIDFD_INFO_EXIT, Linux
/// 6.15. nullopt: it still lives, is not reaped yet, or the kernel is older and nobody can tell any more.
std::optional<int> exit_status_of(int pidfd) noexcept;

}  // namespace stack::engine::supervisor
