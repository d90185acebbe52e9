#include "cli/signals.hpp"

#include <string>

#include <sys/signalfd.h>
#include <unistd.h>

#include "support/error.hpp"

namespace stack::cli {

SignalQueue::SignalQueue(std::initializer_list<int> signals) {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : signals) {
        ::sigaddset(&set, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_.reset(check(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), [] { return std::string{"make a signalfd"}; }));
}

SignalQueue::~SignalQueue() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int SignalQueue::take() const {
    signalfd_siginfo info{};
    return ::read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace stack::cli
