#pragma once

#include <deque>

#include "engine/supervisor/loop.hpp"

namespace stack::engine::supervisor {

/// So many may be at a piece of work at once; the others wait in the order in which they came.
class Slots {
public:
    explicit Slots(int free) : free_{free} {}
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;

    /// Waits for a slot. Whoever has got one gives it back by way of a Slot.
    Task<> take() {
        if (free_ > 0) {
            --free_;
            co_return;
        }
        Waiter mine;
        waiting_.push_back(&mine);
        while (!mine.called) {
            co_await wait_for(mine.signal, never);
        }
    }

    void give_back() {
        if (waiting_.empty()) {
            ++free_;
            return;
        }
        Waiter* next = waiting_.front();
        waiting_.pop_front();
        next->called = true;  // the slot goes from hand to hand
        next->signal.notify();
    }

private:
    struct Waiter {
        Signal signal;
        bool called{false};
    };
    int free_;
    std::deque<Waiter*> waiting_;
};

/// Gives back at its end what Slots::take() gave.
class [[nodiscard]] Slot {
public:
    explicit Slot(Slots& slots) noexcept : slots_{slots} {}
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() { slots_.give_back(); }

private:
    Slots& slots_;
};

}  // namespace stack::engine::supervisor
