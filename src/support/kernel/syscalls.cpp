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
#include "support/text.hpp"

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
    return UniqueFd{static_cast<int>(check(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how),
                                           [&] { return fmt::format("open '{}' inside the root", path); }))};
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
    const auto stat = find_file(fmt::format("/proc/{}/stat", pid));
    if (!stat) {
        return 0;
    }
    // The command name (field 2) is in parentheses and may hold blanks; count from behind its end.
    const auto end_of_name = stat->rfind(')');
    if (end_of_name == std::string::npos) {
        return 0;
    }
    const auto fields = split(std::string_view{*stat}.substr(end_of_name + 2), ' ');
    constexpr size_t start_time = 22 - 3;
    return fields.size() > start_time ? parse_uint(fields[start_time]).value_or(0) : 0;
}

std::string fd_path(int fd) {
    return fmt::format("/proc/self/fd/{}", fd);
}

}  // namespace stack::kernel
