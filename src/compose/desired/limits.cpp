#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "compose/desired/parts.hpp"
#include "support/text.hpp"

namespace stack::compose::desired_parts {

namespace {

template <class Small>
Small clamped(std::int64_t value) {
    return static_cast<Small>(
        std::clamp<std::int64_t>(value, std::numeric_limits<Small>::min(), std::numeric_limits<Small>::max()));
}

std::int64_t nano_cpus(double cpus) {
    return std::llround(cpus * 1e9);
}

std::vector<desired::ThrottleDevice> throttles(const std::vector<BlkioLimit>& limits) {
    std::vector<desired::ThrottleDevice> out;
    for (const BlkioLimit& limit : limits) {
        out.push_back({limit.path, static_cast<std::uint64_t>(std::max<std::int64_t>(limit.rate, 0))});
    }
    return out;
}

desired::BlkioSpec blkio_of(const BlkioConfig& from) {
    desired::BlkioSpec out;
    out.weight = from.weight;
    for (const BlkioWeight& weight : from.weight_device) {
        out.weight_device.push_back({weight.path, weight.weight});
    }
    out.read_bps = throttles(from.device_read_bps);
    out.write_bps = throttles(from.device_write_bps);
    out.read_iops = throttles(from.device_read_iops);
    out.write_iops = throttles(from.device_write_iops);
    return out;
}

void add_deploy_limits(const Deploy& deploy, desired::Resources& out) {
    if (deploy.limits) {
        out.nano_cpus = out.nano_cpus != 0 ? out.nano_cpus : nano_cpus(deploy.limits->cpus.value_or(0));
        out.memory = out.memory != 0 ? out.memory : deploy.limits->memory.value_or(0);
        out.pids_limit = out.pids_limit != 0 ? out.pids_limit : deploy.limits->pids.value_or(0);
    }
    if (deploy.reservations && out.memory_reservation == 0) {
        out.memory_reservation = deploy.reservations->memory.value_or(0);
    }
}

desired::DeviceRequest device_request_of(const DeviceRequest& from) {
    return {from.driver, clamped<int>(from.count), from.device_ids, from.capabilities, from.options};
}

// "vendor.com/class=name" (Container Device Interface), which `devices` may hold instead of a path.
bool is_cdi_name(const std::string& source) {
    const std::size_t slash = source.find('/');
    return slash != 0 && slash != std::string::npos && source.find('=', slash) != std::string::npos;
}

using Condition = desired::RestartPolicy::Condition;

desired::RestartPolicy restart_of_text(const Input& input, const Service& service) {
    desired::RestartPolicy policy;
    const std::string_view text = service.restart;
    if (text == "always") {
        policy.condition = Condition::always;
    } else if (text == "unless-stopped") {
        policy.condition = Condition::unless_stopped;
    } else if (text == "on-failure" || text.starts_with("on-failure:")) {
        policy.condition = Condition::on_failure;
        const auto attempts = text == "on-failure" ? std::optional<std::int64_t>{0} : parse_int(text.substr(11));
        if (!attempts || *attempts < 0) {
            input.findings.error(place_of(service, "restart"), Path{},
                                 fmt::format("restart '{}' of service '{}' does not end in a number",
                                             abbreviate(text, 60), service.name),
                                 "write on-failure:3");
        }
        policy.max_attempts = clamped<int>(attempts.value_or(0));
    } else if (text != "no") {
        input.findings.error(place_of(service, "restart"), Path{},
                             fmt::format("service '{}' has restart policy '{}'", service.name, abbreviate(text, 60)),
                             "no, always, on-failure[:attempts] and unless-stopped are known");
    }
    return policy;
}

}  // namespace

Mark place_of(const Service& service, std::string_view key) {
    const auto found = service.key_marks.find(key);
    return found == service.key_marks.end() ? service.mark : found->second;
}

desired::Resources resources_of(const Input&, const Service& service) {
    desired::Resources out;
    out.memory = service.mem_limit;
    out.memory_reservation = service.mem_reservation;
    out.memory_swap = service.memswap_limit;
    if (service.mem_swappiness) {
        out.swappiness = clamped<int>(*service.mem_swappiness);
    }
    out.nano_cpus = nano_cpus(service.cpus);
    out.cpu_shares = service.cpu_shares;
    out.cpu_period_us = service.cpu_period;
    out.cpu_quota_us = service.cpu_quota;
    out.cpu_rt_period_us = service.cpu_rt_period;
    out.cpu_rt_runtime_us = service.cpu_rt_runtime;
    out.cpuset_cpus = service.cpuset;
    out.pids_limit = service.pids_limit;
    out.oom_kill_disable = service.oom_kill_disable.value_or(false);
    if (service.key_marks.contains("oom_score_adj")) {
        out.oom_score_adj = clamped<int>(service.oom_score_adj);
    }
    if (service.blkio_config) {
        out.blkio = blkio_of(*service.blkio_config);
    }
    if (service.deploy) {
        add_deploy_limits(*service.deploy, out);
    }
    return out;
}

desired::RestartPolicy restart_of(const Input& input, const Service& service) {
    if (!service.restart.empty()) {
        return restart_of_text(input, service);
    }
    desired::RestartPolicy policy;
    if (!service.deploy || !service.deploy->restart_policy) {
        return policy;
    }
    const RestartPolicy& from = *service.deploy->restart_policy;
    if (from.condition == "on-failure") {
        policy.condition = Condition::on_failure;
    } else if (from.condition == "unless-stopped") {
        policy.condition = Condition::unless_stopped;
    } else if (from.condition != "none") {
        policy.condition = Condition::always;  // "any" is the default (compose-spec deploy "restart_policy")
    }
    policy.max_attempts = clamped<int>(from.max_attempts.value_or(0));
    policy.delay = from.delay.value_or(Duration{0});
    policy.window = from.window.value_or(Duration{0});
    return policy;
}

std::optional<desired::Healthcheck> healthcheck_of(const Service& service) {
    if (!service.healthcheck) {
        return std::nullopt;
    }
    const Healthcheck& from = *service.healthcheck;
    desired::Healthcheck out;
    out.test = from.test;
    out.has_test = !from.test.empty();
    out.disabled = from.disable || (!from.test.empty() && from.test.front() == "NONE");
    const auto take = [](const std::optional<Duration>& value, std::chrono::nanoseconds& target, bool& has) {
        has = value.has_value();
        target = value.value_or(target);
    };
    take(from.interval, out.interval, out.has_interval);
    take(from.timeout, out.timeout, out.has_timeout);
    take(from.start_period, out.start_period, out.has_start_period);
    take(from.start_interval, out.start_interval, out.has_start_interval);
    if (from.retries) {
        out.has_retries = true;
        out.retries = static_cast<int>(std::min<std::uint64_t>(*from.retries, 1'000'000'000));
    }
    return out;
}

std::vector<desired::DeviceRequest> device_requests_of(const Service& service) {
    std::vector<desired::DeviceRequest> out;
    for (const DeviceRequest& gpu : service.gpus) {
        desired::DeviceRequest request = device_request_of(gpu);
        if (std::find(request.capabilities.begin(), request.capabilities.end(), "gpu") == request.capabilities.end()) {
            request.capabilities.emplace_back("gpu");
        }
        out.push_back(std::move(request));
    }
    if (service.deploy && service.deploy->reservations) {
        for (const DeviceRequest& device : service.deploy->reservations->devices) {
            out.push_back(device_request_of(device));
        }
    }
    for (const DeviceMapping& device : service.devices) {
        if (is_cdi_name(device.source)) {
            out.push_back({"cdi", 0, {device.source}, {}, {}});
        }
    }
    return out;
}

std::vector<desired::Device> devices_of(const Service& service) {
    std::vector<desired::Device> out;
    for (const DeviceMapping& device : service.devices) {
        if (!is_cdi_name(device.source)) {
            out.push_back({device.source, device.target, device.permissions.empty() ? "rwm" : device.permissions});
        }
    }
    return out;
}

}  // namespace stack::compose::desired_parts
