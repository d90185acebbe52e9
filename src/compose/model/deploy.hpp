#pragma once

#include "compose/model/common.hpp"

namespace stack::compose {

/// A device asked for by what it can: `gpus:` and deploy.resources.reservations.devices.
struct DeviceRequest {
    Mark mark;
    StringList capabilities;
    std::string driver;
    std::int64_t count{0};  // -1 is all; 0 if device_ids are given
    StringList device_ids;
    StringMap options;
};

struct GenericResource {
    std::string kind;
    std::int64_t value{0};
};

struct Resources {
    Mark mark;
    std::optional<double> cpus;
    std::optional<std::int64_t> memory;  // bytes
    std::optional<std::int64_t> pids;
    std::vector<GenericResource> generic_resources;  // reservations only
    std::vector<DeviceRequest> devices;              // reservations only
};

/// update_config and rollback_config.
struct UpdateConfig {
    Mark mark;
    std::optional<std::int64_t> parallelism;
    std::optional<Duration> delay;
    std::string failure_action;
    std::optional<Duration> monitor;
    std::optional<double> max_failure_ratio;
    std::string order;
};

struct RestartPolicy {
    Mark mark;
    std::string condition;  // none, on-failure, any
    std::optional<Duration> delay;
    std::optional<std::int64_t> max_attempts;
    std::optional<Duration> window;
};

struct Placement {
    Mark mark;
    StringList constraints;
    StringList preferences;  // the `spread` of each
    std::optional<std::int64_t> max_replicas_per_node;
};

/// `deploy:` of a service (compose-spec deploy.md).
struct Deploy {
    Mark mark;
    std::string mode;
    std::string endpoint_mode;
    std::optional<std::int64_t> replicas;
    StringMap labels;
    std::optional<UpdateConfig> update_config;
    std::optional<UpdateConfig> rollback_config;
    std::optional<Resources> limits;
    std::optional<Resources> reservations;
    std::optional<RestartPolicy> restart_policy;
    std::optional<Placement> placement;
};

}  // namespace stack::compose
