#include "engine/runtime/init_process.hpp"

#include <cerrno>
#include <csignal>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

/// Close-on-exec does nothing for one that never executes: the keeper's descriptors would live on in here.
void close_everything() {
    if (::syscall(SYS_close_range, 0, ~0U, 0) == 0) {
        return;
    }
    // A seccomp profile of the user's may know nothing of close_range(2), which is of Linux 5.9.
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    for (rlim_t fd = 0; fd < limit.rlim_max && fd < 1'000'000; ++fd) {
        ::close(static_cast<int>(fd));
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

void stay_as_init(bool tty) {
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
    close_everything();
    ::prctl(PR_SET_NAME, "stack-init");
    serve(child, all);
}

}  // namespace stack::runtime
