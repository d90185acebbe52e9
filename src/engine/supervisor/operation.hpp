#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/supervisor/loop.hpp"
#include "support/error.hpp"

namespace stack::engine::supervisor {

/// One request of one client while it runs. When the client goes away it is cancelled: whatever waits in it wakes up
/// and throws; steps that were begun are finished by those who do them.
class Operation {
public:
    Signal cancelled_signal;

    void cancel() {
        cancelled_ = true;
        cancelled_signal.notify();
    }
    bool cancelled() const noexcept { return cancelled_; }
    void throw_if_cancelled() const {
        if (cancelled_) {
            throw Error(Errc::conflict, "cancelled");
        }
    }
    /// Waits for a signal or until `deadline`; throws if it was cancelled.
    Task<> wait(Signal& signal, const Clock::time_point& deadline) {
        throw_if_cancelled();
        const std::vector<Signal*> both{&signal, &cancelled_signal};
        co_await wait_any(both, deadline);
        throw_if_cancelled();
    }

private:
    bool cancelled_{false};
};

/// Operations that change a project take turns. Whoever has it holds a ProjectTurn.
class TurnKeeper {
public:
    std::string holder;  ///< words for who waits: "up (pid 4711)"; empty: free
    Signal freed;
};

class [[nodiscard]] ProjectTurn {
public:
    ProjectTurn(TurnKeeper& keeper, const std::string& holder) : keeper_{&keeper} { keeper.holder = holder; }
    ProjectTurn(ProjectTurn&& other) noexcept : keeper_{std::exchange(other.keeper_, nullptr)} {}
    ProjectTurn& operator=(ProjectTurn&&) = delete;
    ~ProjectTurn() {
        if (keeper_ != nullptr) {
            keeper_->holder.clear();
            keeper_->freed.notify();
        }
    }

private:
    TurnKeeper* keeper_;
};

}  // namespace stack::engine::supervisor
