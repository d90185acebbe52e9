#pragma once

#include <string>

#include "engine/runtime/launch.hpp"

namespace stack::runtime {

/// The child's side of the error pipe. Borrows the descriptor, which is close-on-exec; -1 drops everything.
class LaunchReport {
public:
    explicit LaunchReport(int pipe) noexcept : pipe_{pipe} {}
    void warn(const std::string& text) const;
    void fail(const LaunchFailure& failure) const;

private:
    int pipe_;
};

}  // namespace stack::runtime
