#include "engine/runtime/init_process.hpp"

#include <cerrno>
#include <csignal>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/runtime/launch.hpp"
#include "support/error.hpp"

namespace stack::runtime {
namespace {

/// Reaps all that have ended; true if `child` was among them.
bool reap(pid_t child, int& status) {
    bool ended = false;
    for (;;) {
        int one = 0;
        const pid_t pid = ::waitpid(-1, &one, WNOHANG);
        if (pid <= 0) {
            return ended;
        }
        if (pid == child) {
            status = one;
            ended = true;
        }
    }
}

[[noreturn]] void serve(pid_t child, const sigset_t& all) {
    for (;;) {
        siginfo_t info{};
        const int signal = ::sigwaitinfo(&all, &info);
        if (signal == SIGCHLD) {
            int status = 0;
            if (reap(child, status)) {
                ::_exit(exit_code_of(status));
            }
        } else if (signal > 0) {
            ::kill(child, signal);
        }
    }
}

}  // namespace

void stay_as_init(bool tty, int close_first) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    sigset_t all, before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t child = check(::fork(), [] { return "fork the process below init"; });
    if (child == 0) {
        if (tty) {
            ::setpgid(0, 0);
            ::tcsetpgrp(STDIN_FILENO, ::getpid());  // SIGTTOU is blocked here
        }
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        return;
    }
    if (close_first >= 0) {
        ::close(close_first);
    }
    ::close(STDIN_FILENO);
    serve(child, all);
}

}  // namespace stack::runtime
