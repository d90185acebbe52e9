#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

/// The worker's event loop: one thread, coroutines. With g++ 12.2 temporaries in the argument list of a co_await'ed
/// call may be destroyed twice: name them first, and pass by reference. Never put a co_await into the condition of a
/// while: the compiler lays the frame out wrongly (a field comes before the resume pointer) and the first resume traps.
namespace stack::engine::supervisor {

namespace asio = boost::asio;
using Loop = asio::io_context;
using Clock = std::chrono::steady_clock;
template <class T = void>
using Task = asio::awaitable<T, asio::any_io_executor>;

/// A condition variable for coroutines. Whoever waits must keep it alive.
class Signal {
public:
    Signal() = default;
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;
    void notify() {
        for (asio::steady_timer* waiter : waiters_) {
            waiter->cancel();
        }
    }

private:
    friend class SignalWait;
    std::vector<asio::steady_timer*> waiters_;
};

constexpr Clock::time_point never = Clock::time_point::max();

/// Until one of the signals is notified or the time has come. May return without a cause: look at the condition again.
Task<> wait_any(const std::vector<Signal*>& signals, const Clock::time_point& deadline);
Task<> wait_for(Signal& signal, const Clock::time_point& deadline);
Task<> sleep_until(const Clock::time_point& deadline);

/// Runs a coroutine by itself. An exception that leaves it is logged as `what` failing.
void spawn(Loop& loop, Task<> task, std::string what);

/// A descriptor of somebody else, watched by the loop; it is not closed here.
class Watched {
public:
    Watched(Loop& loop, int fd) : descriptor_{loop, fd} {}
    ~Watched() { stop(); }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    /// False if the wait was cancelled.
    Task<bool> readable();
    Task<bool> writable();
    /// Ends all waits and forgets the descriptor. To be called before its owner closes it: the number may be somebody
    /// else's the next moment.
    void stop() {
        if (descriptor_.is_open()) {
            descriptor_.release();
        }
    }

private:
    asio::posix::stream_descriptor descriptor_;
};

/// Runs `work` on a thread of its own and comes back when it is done; what it throws is thrown here. For what may take
/// long and touches nothing of ours: copying and removing trees.
Task<> offload(Loop& loop, const std::function<void()>& work);

std::int64_t wall_clock_ns();

}  // namespace stack::engine::supervisor
