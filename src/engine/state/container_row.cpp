#include "engine/state/container_row.hpp"

#include <array>
#include <utility>

namespace stack::engine {
namespace {

constexpr std::array<std::pair<ContainerStatus, std::string_view>, 7> statuses{{
    {ContainerStatus::created, "created"},
    {ContainerStatus::running, "running"},
    {ContainerStatus::paused, "paused"},
    {ContainerStatus::restarting, "restarting"},
    {ContainerStatus::exited, "exited"},
    {ContainerStatus::dead, "dead"},
    {ContainerStatus::removing, "removing"},
}};

constexpr std::array<std::pair<HealthStatus, std::string_view>, 4> health_statuses{{
    {HealthStatus::none, "none"},
    {HealthStatus::starting, "starting"},
    {HealthStatus::healthy, "healthy"},
    {HealthStatus::unhealthy, "unhealthy"},
}};

}  // namespace

std::string_view to_string(ContainerStatus status) {
    return statuses[static_cast<size_t>(status)].second;
}

std::optional<ContainerStatus> parse_container_status(std::string_view word) {
    for (const auto& [status, name] : statuses) {
        if (name == word) {
            return status;
        }
    }
    return std::nullopt;
}

std::string_view to_string(HealthStatus status) {
    return health_statuses[static_cast<size_t>(status)].second;
}

std::optional<HealthStatus> parse_health_status(std::string_view word) {
    for (const auto& [status, name] : health_statuses) {
        if (name == word) {
            return status;
        }
    }
    return std::nullopt;
}

}  // namespace stack::engine
