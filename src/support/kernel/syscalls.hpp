#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "support/kernel/unique_fd.hpp"

namespace stack::kernel {

/// pidfd_open(2), Linux 5.3. Throws SysError (ESRCH if there is no such process).
UniqueFd pidfd_open(pid_t pid);
/// pidfd_send_signal(2), Linux 5.1. False if the process is gone already.
bool pidfd_send_signal(int pidfd, int signal);

/// openat2(2) with RESOLVE_IN_ROOT: resolves `path` as if `root` were "/", so that neither "..", nor absolute or magic
/// links lead out of it. Throws SysError. `flags` get O_CLOEXEC. Linux 5.6.
UniqueFd open_in_root(int root, const std::string& path, int flags, mode_t mode = 0);

/// openat(2) with O_CLOEXEC; `path` may be relative to `dir` or AT_FDCWD.
UniqueFd open_at(int dir, const std::string& path, int flags, mode_t mode = 0);

/// An unlinked file in memory (memfd_create(2)) holding `content`, read position at its start.
UniqueFd memfd_with(const std::string& name, std::string_view content);

/// setns(2) for one or more CLONE_NEW* flags (a pidfd may take several since Linux 5.8).
void enter_namespace(int fd, int flags);

/// Start time of a process in clock ticks since boot (/proc/PID/stat field 22), which tells a reused pid from the old
/// one; 0 if there is no such process.
std::uint64_t process_start_ticks(pid_t pid);

/// "/proc/self/fd/N": a path to what `fd` refers to, for calls that take only paths.
std::string fd_path(int fd);

}  // namespace stack::kernel
