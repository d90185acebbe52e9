#include "support/kernel/syscalls.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/process_stat.hpp"

namespace stack::kernel {

UniqueFd pidfd_open(pid_t pid) {
    return UniqueFd{static_cast<int>(
        check(::syscall(SYS_pidfd_open, pid, 0), [&] { return fmt::format("pidfd_open of process {}", pid); }))};
}

bool pidfd_send_signal(int pidfd, int signal) {
    if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0) {
        return true;
    }
    if (errno == ESRCH) {
        return false;
    }
    throw SysError(errno, fmt::format("send signal {} to a process", signal));
}

UniqueFd open_in_root(int root, const std::string& path, int flags, mode_t mode) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.mode = mode;
    how.resolve = RESOLVE_IN_ROOT;
    // EAGAIN: something was renamed or mounted anywhere on the host while ".." was resolved, and openat2(2) leaves it
    // to the caller to try again. The bound is for a container that does nothing but rename.
    constexpr int most_tries = 100'000;
    long fd = -1;
    for (int tries = 0; tries < most_tries; ++tries) {
        fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN) {
            break;
        }
    }
    return UniqueFd{static_cast<int>(check(fd, [&] { return fmt::format("open '{}' inside the root", path); }))};
}

UniqueFd open_at(int dir, const std::string& path, int flags, mode_t mode) {
    return UniqueFd{
        check(::openat(dir, path.c_str(), flags | O_CLOEXEC, mode), [&] { return fmt::format("open '{}'", path); })};
}

UniqueFd memfd_with(const std::string& name, std::string_view content) {
    UniqueFd fd{check(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING), [] { return "memfd_create"; })};
    write_all(fd.get(), content, name);
    check(::lseek(fd.get(), 0, SEEK_SET), [] { return "lseek of a memfd"; });
    return fd;
}

void enter_namespace(int fd, int flags) {
    check(::setns(fd, flags), [&] { return fmt::format("setns (flags {:#x})", flags); });
}

std::uint64_t process_start_ticks(pid_t pid) {
    const auto stat = process_stat(pid);
    return stat ? stat->start_ticks : 0;
}

std::string fd_path(int fd) {
    return fmt::format("/proc/self/fd/{}", fd);
}

}  // namespace stack::kernel
