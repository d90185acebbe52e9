#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cli/context.hpp"
#include "cli/log_stream.hpp"
#include "desired/desired_state.hpp"
#include "engine/options.hpp"

namespace stack::cli {

struct ForegroundOptions {
    LogStyle style;
    LogStream::Wanted attached;
    bool abort_on_exit{false}, abort_on_failure{false};
    std::string exit_code_from;
    std::optional<std::chrono::nanoseconds> stop_timeout;
};

/// `up` without -d: brings the project up, shows its output until all of it has ended. SIGINT or SIGTERM stops the
/// containers, a second one kills them. Returns the exit code.
int up_in_foreground(const Context& context, const desired::DesiredState& state, const engine::UpOptions& up,
                     const ForegroundOptions& options);

}  // namespace stack::cli
