#include "engine/supervisor/exit_info.hpp"

#include <cstdint>

#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/kernel/process_stat.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::engine::supervisor {
namespace {

// <linux/pidfd.h> of Linux 6.15; Debian 12's headers are older. 64 bytes is the struct's first published size.
struct PidfdInfo {
    std::uint64_t mask, cgroup;
    std::uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr std::uint64_t info_exit = 1U << 3U;

/// To others the kernel says that everything ended with 0.
bool may_read_status() noexcept {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
    return ::syscall(SYS_capget, &header, sets) == 0 && (sets[0].effective & (1U << CAP_SYS_PTRACE)) != 0;
}

std::optional<int> status_of_zombie(pid_t pid, int pidfd) noexcept {
    const auto stat = kernel::process_stat(pid);
    // Not reaped after the look: it was that process and no later one with its pid.
    if (stat && stat->has_ended() && may_read_status() && kernel::pidfd_send_signal(pidfd, 0)) {
        return stat->wait_status;
    }
    return std::nullopt;
}

std::optional<int> status_of_reaped(int pidfd) noexcept {
    PidfdInfo info{};
    info.mask = info_exit;
    if (::ioctl(pidfd, _IOWR(0xFF, 11, PidfdInfo), &info) != 0 || (info.mask & info_exit) == 0) {
        return std::nullopt;
    }
    return info.exit_code;
}

}  // namespace

std::optional<int> exit_status_of(pid_t pid, int pidfd) noexcept {
    const auto status = status_of_zombie(pid, pidfd);
    return status ? status : status_of_reaped(pidfd);
}

}  // namespace stack::engine::supervisor
