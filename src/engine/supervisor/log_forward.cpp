#include "engine/supervisor/log_forward.hpp"

#include <algorithm>

#include "support/error.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {
namespace {

constexpr auto first_delay = std::chrono::milliseconds{500};
constexpr auto longest_delay = std::chrono::seconds{60};

}  // namespace

LogForward::LogForward(Loop& loop, Signal& idle, logs::DriverConfig config, logs::Origin origin,
                       std::filesystem::path container_folder, std::filesystem::path log_folder)
    : loop_{loop},
      idle_{idle},
      config_{std::move(config)},
      origin_{std::move(origin)},
      container_folder_{std::move(container_folder)},
      log_folder_{std::move(log_folder)} {}

Task<> LogForward::open() {
    if (forwarder_ || opening_) {
        co_return;
    }
    opening_ = true;
    const auto self = shared_from_this();
    std::unique_ptr<logs::Target> target;
    std::exception_ptr failure;
    try {
        // Looking up a name and connecting take their time.
        const std::function<void()> connect = [&] { target = logs::open_target(config_, origin_, container_folder_); };
        co_await offload(loop_, connect);
        if (!stopped_) {
            forwarder_ =
                std::make_unique<logs::Forwarder>(log_folder_, container_folder_ / "log-cursor", std::move(target));
        }
    } catch (const Error&) {
        failure = std::current_exception();
    }
    opening_ = false;
    if (failure) {
        std::rethrow_exception(failure);
    }
}

void LogForward::more() {
    caught_up_ = false;
    ended_ = false;
    if (!running_ && !stopped_) {
        running_ = true;
        spawn(loop_, run(), "log driver of " + origin_.name);
    }
    news_.notify();
}

void LogForward::end_run() {
    if (stopped_) {
        return;
    }
    more();
    ended_ = true;
    if (forwarder_ && forwarder_->fd() < 0) {
        advance();
    }
}

void LogForward::stop() {
    stopped_ = true;
    news_.notify();
}

/// False if the far end is gone.
bool LogForward::advance() {
    try {
        caught_up_ = forwarder_->advance(ended_) == logs::Forwarder::Done::all;
        failing_ = false;
        return true;
    } catch (const std::exception& error) {
        log_warning("log driver of '{}': {}", origin_.name, error.what());
        forwarder_.reset();
        return false;
    }
}

Task<> LogForward::run() {
    const auto self = shared_from_this();
    std::chrono::nanoseconds delay = first_delay;
    while (!stopped_) {
        if (!forwarder_) {
            std::string why;
            try {
                co_await open();
            } catch (const Error& error) {
                why = error.what();
            }
            if (!why.empty() && !failing_) {
                log_warning("log driver of '{}': {}; its output is kept and sent later", origin_.name, why);
            }
            if (stopped_) {
                break;
            }
        }
        const bool there = forwarder_ && advance();
        if (there && !caught_up_) {
            co_await wait_to_send();
        } else if (there) {
            delay = first_delay;
            idle_.notify();
            co_await wait_for(news_, never);
        } else {
            failing_ = true;
            idle_.notify();
            const Clock::time_point when = Clock::now() + delay;
            delay = std::min<std::chrono::nanoseconds>(delay * 2, longest_delay);
            while (!stopped_ && Clock::now() < when) {
                co_await wait_for(news_, when);
            }
        }
    }
    running_ = false;
}

Task<> LogForward::wait_to_send() {
    Watched watched{loop_, forwarder_->fd()};
    co_await watched.writable();
}

}  // namespace stack::engine::supervisor
