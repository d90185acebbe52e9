#include <csignal>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/supervisor/keeper.hpp"
#include "engine/supervisor/worker.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::engine::supervisor {
namespace {

char** own_words = nullptr;

/// In the child: the three descriptors at their numbers; all others closed now or, as `others` says, by execve(2).
bool place_descriptors(int control, int listening, int lock, unsigned others) {
    // The sources may lie at each other's targets: move them all out of the way first.
    const int high_control = ::fcntl(control, F_DUPFD_CLOEXEC, 20);
    const int high_listening = ::fcntl(listening, F_DUPFD_CLOEXEC, 20);
    const int high_lock = ::fcntl(lock, F_DUPFD_CLOEXEC, 20);
    return ::dup2(high_control, control_fd) >= 0 && ::dup2(high_listening, listening_fd) >= 0 &&
           ::dup2(high_lock, life_lock_fd) >= 0 && ::syscall(SYS_close_range, life_lock_fd + 1, ~0U, others) == 0;
}

void unblock_signals() {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// What `ps` shows: "stack supervise worker <project>" instead of the keeper's words.
void call_us_worker() {
    if (own_words == nullptr) {
        return;
    }
    static_assert(sizeof "worker" == sizeof "keeper");
    std::memcpy(own_words[2], "worker", sizeof "worker");
    if (own_words[4] != nullptr) {
        std::memset(own_words[4], 0, std::strlen(own_words[4]));
    }
}

Started started(pid_t pid) {
    return {pid, kernel::pidfd_open(pid)};
}

}  // namespace

void remember_own_words(char** words) {
    own_words = words;
}

Started start_worker(const std::string& project, int control, int listening, int lock) {
    const pid_t pid = check(::fork(), [] { return "fork"; });
    if (pid == 0) {
        unblock_signals();
        if (place_descriptors(control, listening, lock, 0)) {
            call_us_worker();
            ::_exit(run_worker(project));
        }
        ::_exit(127);
    }
    return started(pid);
}

Started start_keeper_again(const std::string& project, int program, int control, int listening, int lock) {
    std::string words[] = {"stack", "supervise", "keeper", project, "again"};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), words[4].data(), nullptr};
    const pid_t pid = check(::fork(), [] { return "fork"; });
    if (pid == 0) {
        const int high_program = ::fcntl(program, F_DUPFD_CLOEXEC, 20);
        unblock_signals();
        if (place_descriptors(control, listening, lock, CLOSE_RANGE_CLOEXEC)) {
            ::fexecve(high_program, argv, environ);
        }
        ::_exit(127);
    }
    return started(pid);
}

}  // namespace stack::engine::supervisor
