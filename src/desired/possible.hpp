#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "desired/container_spec.hpp"
#include "support/error.hpp"

namespace stack::desired {

/// A value that no container of this engine can have, known without looking at the host.
struct Impossible {
    std::string_view key;  ///< as in a Compose file: "cpu_period"
    Errc code{Errc::invalid_input};
    std::string message, hint;
};

/// What the kernel would refuse with no more than EINVAL: ranges of cgroup limits (Documentation/admin-guide/cgroup-v1
/// and cgroup-v2.rst, sched-bwc.rst), limits that contradict each other.
std::vector<Impossible> impossible_limits(const Resources& resources);

/// As impossible_limits, and the rest of the container: ulimits, and keys that mean something this engine cannot do.
std::vector<Impossible> impossible_values(const ContainerSpec& spec);

/// Throws the first of them.
void require_possible(const std::vector<Impossible>& found);

/// The RLIMIT_… number (setrlimit(2)) of "nofile"; nullopt for a name that nobody knows.
std::optional<int> ulimit_resource(std::string_view name);

}  // namespace stack::desired
