#include <csignal>
#include <string>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/supervisor/keeper.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::engine::supervisor {

Started start_role(const char* role, const std::string& project, int program, int control, int listening, int lock) {
    std::string words[] = {"stack", "supervise", role, project};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    const pid_t pid = check(::fork(), [] { return "fork"; });
    if (pid == 0) {
        // The sources may lie at each other's targets: move them all out of the way first.
        const int high_program = ::fcntl(program, F_DUPFD_CLOEXEC, 20);
        const int high_control = ::fcntl(control, F_DUPFD_CLOEXEC, 20);
        const int high_listening = ::fcntl(listening, F_DUPFD_CLOEXEC, 20);
        const int high_lock = ::fcntl(lock, F_DUPFD_CLOEXEC, 20);
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        if (::dup2(high_control, control_fd) >= 0 && ::dup2(high_listening, listening_fd) >= 0 &&
            ::dup2(high_lock, life_lock_fd) >= 0 &&
            ::syscall(SYS_close_range, life_lock_fd + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) {
            ::fexecve(high_program, argv, environ);
        }
        ::_exit(127);
    }
    Started started;
    started.pid = pid;
    started.pidfd = kernel::pidfd_open(pid);
    return started;
}

}  // namespace stack::engine::supervisor
