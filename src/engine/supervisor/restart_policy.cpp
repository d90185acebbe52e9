#include "engine/supervisor/restart_policy.hpp"

#include <algorithm>

namespace stack::engine::supervisor {
namespace {

using Condition = desired::RestartPolicy::Condition;
constexpr std::chrono::nanoseconds first = std::chrono::milliseconds{100};
constexpr std::chrono::nanoseconds longest = std::chrono::minutes{1};
constexpr std::chrono::nanoseconds long_run = std::chrono::seconds{10};

bool wants_restart(const desired::RestartPolicy& policy, const EndOfRun& end) {
    if (end.stopped_by_user) {
        return false;
    }
    const bool may_try = policy.max_attempts <= 0 || end.restart_count < policy.max_attempts;
    switch (policy.condition) {
        case Condition::no:
            return false;
        case Condition::always:
        case Condition::unless_stopped:
            return may_try;
        case Condition::on_failure:
            return may_try && end.exit_code != 0;
    }
    return false;
}

}  // namespace

std::optional<std::chrono::nanoseconds> Restarter::decide(const desired::RestartPolicy& policy, const EndOfRun& end) {
    const auto lasting = policy.window.count() > 0 ? policy.window : long_run;
    if (end.ran >= lasting) {
        next_ = first;
    }
    if (!wants_restart(policy, end)) {
        return std::nullopt;
    }
    const auto delay = next_;
    next_ = std::min(next_ * 2, longest);
    return policy.delay.count() > 0 ? policy.delay : delay;
}

}  // namespace stack::engine::supervisor
