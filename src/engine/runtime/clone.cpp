#include "engine/runtime/clone.hpp"

#include <csignal>

#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/error.hpp"

namespace stack::runtime {

pid_t clone_process(std::uint64_t flags, int cgroup, int* pidfd) {
    clone_args arguments{};
    arguments.flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
    arguments.exit_signal = SIGCHLD;
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup);
    }
    return static_cast<pid_t>(check(::syscall(SYS_clone3, &arguments, sizeof arguments),
                                    [] { return "clone the container's process (clone3)"; }));
}

}  // namespace stack::runtime
