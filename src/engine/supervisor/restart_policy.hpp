#pragma once

#include <chrono>
#include <optional>

#include "desired/container_spec.hpp"

namespace stack::engine::supervisor {

/// What is known when a container's process has ended.
struct EndOfRun {
    std::optional<int> exit_code;
    bool stopped_by_user{false};
    int restart_count{0};  ///< restarts by policy since the last start by a user
    std::chrono::nanoseconds ran{0};
};

/// Decides whether a container is started again, and when: docs.docker.com "Start containers automatically" and
/// moby's restart manager: 100 ms, doubling to one minute, from the beginning after a run of 10 s.
class Restarter {
public:
    /// nullopt: it stays down. An unknown exit code counts as a failure.
    std::optional<std::chrono::nanoseconds> decide(const desired::RestartPolicy& policy, const EndOfRun& end);

private:
    std::chrono::nanoseconds next_{std::chrono::milliseconds{100}};
};

}  // namespace stack::engine::supervisor
