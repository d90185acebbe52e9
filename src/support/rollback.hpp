#pragma once

#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include "support/log.hpp"

namespace stack {

/// Undoes the finished steps of a multi-step setup, last in first out, unless `keep()` was reached.
/// An undo step that throws is logged and the others still run.
class Rollback {
public:
    Rollback() = default;
    Rollback(const Rollback&) = delete;
    Rollback& operator=(const Rollback&) = delete;

    ~Rollback() {
        for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
            try {
                (*step)();
            } catch (const std::exception& error) {
                log_warning("undoing a half-made step failed: {}", error.what());
            }
        }
    }

    void on_failure(std::function<void()> undo) { steps_.push_back(std::move(undo)); }
    void keep() noexcept { steps_.clear(); }

private:
    std::vector<std::function<void()>> steps_;
};

}  // namespace stack
