#include "engine/supervisor/health.hpp"

#include <fmt/format.h>

#include "engine/supervisor/container.hpp"
#include "engine/supervisor/exec.hpp"
#include "support/duration.hpp"
#include "support/error.hpp"

namespace stack::engine::supervisor {
namespace {

constexpr size_t probes_kept = 5;

template <class T>
T chosen(bool written, const T& from_spec, const T& from_image, const T& fallback) {
    if (written) {
        return from_spec;
    }
    return from_image != T{} ? from_image : fallback;
}

/// The command of a probe: CMD words, or CMD-SHELL text with the image's shell.
std::vector<std::string> probe_command(const desired::Healthcheck& check, const image::ImageConfig& image) {
    if (check.test.front() == "CMD") {
        return {check.test.begin() + 1, check.test.end()};
    }
    auto command = image.shell && !image.shell->empty() ? *image.shell : std::vector<std::string>{"/bin/sh", "-c"};
    command.insert(command.end(), check.test.begin() + 1, check.test.end());
    return command;
}

}  // namespace

std::optional<desired::Healthcheck> effective_healthcheck(const desired::ContainerSpec& spec,
                                                          const image::ImageConfig& image) {
    const desired::Healthcheck written = spec.healthcheck.value_or(desired::Healthcheck{});
    const image::ImageHealthcheck built_in = image.healthcheck.value_or(image::ImageHealthcheck{});
    const desired::Healthcheck defaults;
    desired::Healthcheck check;
    check.test = written.has_test ? written.test : built_in.test;
    if (written.disabled || check.test.size() < 2 || check.test.front() == "NONE") {
        return std::nullopt;
    }
    check.interval = chosen(written.has_interval, written.interval, built_in.interval, defaults.interval);
    check.timeout = chosen(written.has_timeout, written.timeout, built_in.timeout, defaults.timeout);
    check.start_period =
        chosen(written.has_start_period, written.start_period, built_in.start_period, defaults.start_period);
    check.start_interval =
        chosen(written.has_start_interval, written.start_interval, built_in.start_interval, defaults.start_interval);
    check.retries = chosen(written.has_retries, written.retries, built_in.retries, defaults.retries);
    return check;
}

Health after_probe(Health before, const desired::Healthcheck& check, HealthProbe probe, bool in_start_period) {
    Health health = std::move(before);
    if (probe.exit_code == 0) {
        health.failing_streak = 0;
        health.status = HealthStatus::healthy;
    } else if (!(in_start_period && health.status == HealthStatus::starting)) {
        ++health.failing_streak;
        if (health.failing_streak >= check.retries) {
            health.status = HealthStatus::unhealthy;
        }
    }
    health.log.push_back(std::move(probe));
    if (health.log.size() > probes_kept) {
        health.log.erase(health.log.begin());
    }
    return health;
}

HealthMonitor::HealthMonitor(Project& project, std::weak_ptr<Container> container, desired::Healthcheck check)
    : project_{project}, container_{std::move(container)}, check_{std::move(check)}, life_{std::make_shared<Life>()} {
    spawn(project_.loop, watch(life_), "healthcheck");
}

HealthMonitor::~HealthMonitor() {
    life_->over = true;
    life_->ended.notify();
}

Task<> HealthMonitor::watch(std::shared_ptr<Life> life) const {
    // The monitor may be gone after any wait: what is needed later is copied now.
    Project& project = project_;
    const std::weak_ptr<Container> weak = container_;
    const desired::Healthcheck check = check_;
    while (!life->over) {
        const auto container = weak.lock();
        if (!container) {
            co_return;
        }
        const auto running_for = std::chrono::nanoseconds{wall_clock_ns() - container->row().started_ns};
        const bool in_start_period = running_for < check.start_period;
        const bool starting = in_start_period && container->row().health.status == HealthStatus::starting;
        const Clock::time_point next = Clock::now() + (starting ? check.start_interval : check.interval);
        while (!life->over && Clock::now() < next) {
            co_await wait_for(life->ended, next);
        }
        if (life->over || container->row().status == ContainerStatus::paused) {
            continue;
        }
        runtime::ExecRequest request;
        request.args = probe_command(check, container->image().config);
        HealthProbe probe;
        probe.start_ns = wall_clock_ns();
        ExecResult result;
        try {
            result = co_await run_in_container(project, *container, request, check.timeout);
        } catch (const Error& error) {
            result.output = error.what();
        }
        if (life->over) {
            co_return;
        }
        probe.end_ns = wall_clock_ns();
        probe.exit_code = result.exit_code.value_or(-1);
        probe.output = result.timed_out
                           ? fmt::format("health check exceeded timeout ({})", format_duration(check.timeout))
                           : result.output;
        const Health health = after_probe(container->row().health, check, probe, in_start_period);
        container->set_health(health);
    }
}

}  // namespace stack::engine::supervisor
