#pragma once

#include <cstdint>

#include <sys/types.h>

namespace stack::runtime {

/// clone3(2), Linux 5.7 for CLONE_INTO_CGROUP. Signal handlers are reset in the child (CLONE_CLEAR_SIGHAND); else like
/// fork(2): the child gets a copy of everything and returns 0. `flags` are CLONE_NEW*; a pidfd (close-on-exec) is
/// stored in `pidfd` in the parent. `cgroup` -1: the caller's own. Throws SysError.
pid_t clone_process(std::uint64_t flags, int cgroup, int* pidfd);

}  // namespace stack::runtime
