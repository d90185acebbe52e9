#include "engine/supervisor/exit_info.hpp"

#include <cstdint>

#include <sys/ioctl.h>

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

}  // namespace

std::optional<int> exit_status_of(int pidfd) noexcept {
    PidfdInfo info{};
    info.mask = info_exit;
    if (::ioctl(pidfd, _IOWR(0xFF, 11, PidfdInfo), &info) != 0 || (info.mask & info_exit) == 0) {
        return std::nullopt;
    }
    return info.exit_code;
}

}  // namespace stack::engine::supervisor
