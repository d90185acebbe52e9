#pragma once

#include <memory>
#include <optional>

#include "desired/container_spec.hpp"
#include "engine/supervisor/project.hpp"
#include "image/config.hpp"

namespace stack::engine::supervisor {

/// What is checked and how often: the spec's healthcheck with the image's where it says nothing, and Docker's defaults
/// for what both leave open. nullopt: there is none, or it is disabled.
std::optional<desired::Healthcheck> effective_healthcheck(const desired::ContainerSpec& spec,
                                                          const image::ImageConfig& image);

/// The state after one more probe (moby daemon/health.go): failures in the start period do not count, one success
/// makes it healthy, `retries` failures in a row make it unhealthy.
Health after_probe(Health before, const desired::Healthcheck& check, HealthProbe probe, bool in_start_period);

/// Runs the probes of one run of a container. Ends with the object.
class HealthMonitor {
public:
    HealthMonitor(Project& project, std::weak_ptr<Container> container, desired::Healthcheck check);
    ~HealthMonitor();
    const desired::Healthcheck& check() const noexcept { return check_; }

private:
    struct Life {
        bool over{false};
        Signal ended;
    };
    Task<> watch(std::shared_ptr<Life> life) const;

    Project& project_;
    std::weak_ptr<Container> container_;
    desired::Healthcheck check_;
    std::shared_ptr<Life> life_;
};

}  // namespace stack::engine::supervisor
