#include "engine/supervisor/loop.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "support/log.hpp"

namespace stack::engine::supervisor {

/// Registers a timer with signals for the time of a wait.
class SignalWait {
public:
    SignalWait(const std::vector<Signal*>& signals, asio::steady_timer& timer) : signals_{signals}, timer_{timer} {
        for (Signal* signal : signals_) {
            signal->waiters_.push_back(&timer_);
        }
    }
    SignalWait(const SignalWait&) = delete;
    SignalWait& operator=(const SignalWait&) = delete;
    ~SignalWait() {
        for (Signal* signal : signals_) {
            auto& waiters = signal->waiters_;
            waiters.erase(std::find(waiters.begin(), waiters.end(), &timer_));
        }
    }

private:
    const std::vector<Signal*>& signals_;
    asio::steady_timer& timer_;
};

Task<> wait_any(const std::vector<Signal*>& signals, const Clock::time_point& deadline) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    timer.expires_at(deadline);
    const SignalWait registered{signals, timer};
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<> wait_for(Signal& signal, const Clock::time_point& deadline) {
    const std::vector<Signal*> signals{&signal};
    co_await wait_any(signals, deadline);
}

Task<> sleep_until(const Clock::time_point& deadline) {
    const std::vector<Signal*> none;
    co_await wait_any(none, deadline);
}

void spawn(Loop& loop, Task<> task, std::string what) {
    asio::co_spawn(loop, std::move(task), [what = std::move(what)](const std::exception_ptr& failure) {
        if (!failure) {
            return;
        }
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            log_warning("{}: {}", what, error.what());
        }
    });
}

Task<bool> Watched::readable() {
    boost::system::error_code error;
    if (!descriptor_.is_open()) {
        co_return false;
    }
    co_await descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                                    asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

Task<bool> Watched::writable() {
    boost::system::error_code error;
    if (!descriptor_.is_open()) {
        co_return false;
    }
    co_await descriptor_.async_wait(asio::posix::stream_descriptor::wait_write,
                                    asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

Task<> offload(Loop& loop, const std::function<void()>& work) {
    struct Outcome {
        Signal done;
        bool is_done{false};
        std::exception_ptr failure;
    };
    // Shared with the thread's last post, which may run when this coroutine is gone.
    const auto outcome = std::make_shared<Outcome>();
    const auto keep_running = std::make_shared<asio::executor_work_guard<Loop::executor_type>>(loop.get_executor());
    std::thread{[&loop, work, outcome, keep_running] {
        std::exception_ptr failure;
        try {
            work();
        } catch (...) {
            failure = std::current_exception();
        }
        asio::post(loop, [outcome, failure, keep_running] {
            outcome->failure = failure;
            outcome->is_done = true;
            outcome->done.notify();
        });
    }}.detach();
    while (!outcome->is_done) {
        co_await wait_for(outcome->done, never);
    }
    if (outcome->failure) {
        std::rethrow_exception(outcome->failure);
    }
}

std::int64_t wall_clock_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace stack::engine::supervisor
