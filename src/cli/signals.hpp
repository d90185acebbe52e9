#pragma once

#include <initializer_list>

#include <signal.h>

#include "support/kernel/unique_fd.hpp"

namespace stack::cli {

/// Signals that come as readable bytes (signalfd(2)) instead of ending the process. Make it before any thread, so that
/// none of them takes the signals.
class [[nodiscard]] SignalQueue {
public:
    explicit SignalQueue(std::initializer_list<int> signals);
    SignalQueue(const SignalQueue&) = delete;
    SignalQueue& operator=(const SignalQueue&) = delete;
    ~SignalQueue();

    int fd() const { return fd_.get(); }
    /// The next one, 0 if there is none.
    int take() const;

private:
    sigset_t before_{};
    UniqueFd fd_;
};

}  // namespace stack::cli
