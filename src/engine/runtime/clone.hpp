#pragma once

#include <cstdint>

#include <sys/types.h>

namespace stack::runtime {

/// clone3(2), Linux 5.7 for CLONE_INTO_CGROUP. Signal handlers are reset in the child (CLONE_CLEAR_SIGHAND); else like
/// fork(2): the child gets a copy of everything and returns 0. `flags` are CLONE_NEW*; a pidfd (close-on-exec) is
/// stored in `pidfd` in the parent. `cgroup` -1: the caller's own. Throws SysError.
pid_t clone_process(std::uint64_t flags, int cgroup, int* pidfd);

/// The child of clone_waiting(): executes a program or ends the process.
using WaitedChild = void (*)(void* about) noexcept;

/// The same after the manner of vfork(2): the child has the caller's memory, not a copy, runs `child` on a stack of its
/// own, and the caller waits until it has executed a program or has ended. For a short child this is several times
/// cheaper than a copy, of which half the pages are faulted in again. One thread only. Descriptors, signal handlers,
/// working directory and root are the child's own.
pid_t clone_waiting(int cgroup, int* pidfd, WaitedChild child, void* about);

}  // namespace stack::runtime
