#pragma once

#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace stack::kernel {

/// What /proc/PID/stat tells of a process (proc_pid_stat(5)).
struct ProcessStat {
    char state{'?'};
    int threads{0};
    std::uint64_t start_ticks{0};  ///< clock ticks since boot: tells a reused pid from the old one
    int wait_status{0};            ///< as wait4(2) gives it, once it has ended

    /// It ended, though nobody has reaped it. A leader that ended before its other threads counts as living.
    bool has_ended() const noexcept { return (state == 'Z' || state == 'X') && threads <= 1; }
};

/// nullopt: there is no such process. Allocates nothing.
std::optional<ProcessStat> process_stat(pid_t pid) noexcept;

}  // namespace stack::kernel
