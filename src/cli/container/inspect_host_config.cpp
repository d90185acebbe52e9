#include "cli/container/inspect_host_config.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/runtime/default_mounts.hpp"

namespace stack::cli {

using desired::ContainerSpec;
using engine::ContainerRow;
using nlohmann::json;

namespace {

std::string restart_name(const desired::RestartPolicy& policy) {
    switch (policy.condition) {
        case desired::RestartPolicy::Condition::always:
            return "always";
        case desired::RestartPolicy::Condition::on_failure:
            return "on-failure";
        case desired::RestartPolicy::Condition::unless_stopped:
            return "unless-stopped";
        case desired::RestartPolicy::Condition::no:
            break;
    }
    return "no";
}

std::string network_mode(const ContainerSpec& spec) {
    if (!spec.network_mode.empty()) {
        return spec.network_mode;
    }
    return spec.endpoints.empty() ? "default" : spec.endpoints.front().network;
}

std::vector<std::string> binds_of(const ContainerSpec& spec) {
    std::vector<std::string> binds;
    for (const desired::Mount& mount : spec.mounts) {
        if (!mount.source.empty() &&
            (mount.type == desired::Mount::Type::bind || mount.type == desired::Mount::Type::volume)) {
            binds.push_back(fmt::format("{}:{}{}", mount.source, mount.target, mount.read_only ? ":ro" : ""));
        }
    }
    return binds;
}

/// "", "8080" or "8000-8010".
std::string wanted_host_port(const desired::PortPublish& port) {
    if (port.host_port == 0) {
        return {};
    }
    return port.host_port_last == 0 ? std::to_string(port.host_port)
                                    : fmt::format("{}-{}", port.host_port, port.host_port_last);
}

/// {"/run": "size=65536k,mode=755"}
json tmpfs_of(const ContainerSpec& spec) {
    json all = json::object();
    for (const desired::Mount& mount : spec.mounts) {
        if (mount.type != desired::Mount::Type::tmpfs) {
            continue;
        }
        std::vector<std::string> words = mount.tmpfs_options;
        if (mount.read_only) {
            words.emplace_back("ro");
        }
        if (mount.tmpfs_size != 0) {
            words.push_back(fmt::format("size={}", mount.tmpfs_size));
        }
        if (mount.tmpfs_mode) {
            words.push_back(fmt::format("mode={:o}", *mount.tmpfs_mode));
        }
        all[mount.target] = fmt::format("{}", fmt::join(words, ","));
    }
    return all;
}

json bindings_of(const ContainerSpec& spec) {
    json bindings = json::object();
    for (const desired::PortPublish& port : spec.ports) {
        bindings[fmt::format("{}/{}", port.container_port, port.protocol)].push_back(
            {{"HostIp", port.host_ip}, {"HostPort", wanted_host_port(port)}});
    }
    return bindings;
}

/// "/db:/web/alias"
std::vector<std::string> links_of(const ContainerRow& row, const ContainerSpec& spec) {
    std::vector<std::string> links;
    for (const desired::Link& link : spec.links) {
        links.push_back(fmt::format("/{}:/{}/{}", link.container, row.name, link.alias));
    }
    return links;
}

json rates(const std::vector<desired::ThrottleDevice>& devices, const char* what) {
    json all = json::array();
    for (const desired::ThrottleDevice& device : devices) {
        all.push_back({{"Path", device.path}, {what, device.rate}});
    }
    return all;
}

json devices_of(const ContainerSpec& spec) {
    json all = json::array();
    for (const desired::Device& device : spec.devices) {
        all.push_back({{"PathOnHost", device.host_path},
                       {"PathInContainer", device.container_path},
                       {"CgroupPermissions", device.permissions}});
    }
    return all;
}

json device_requests_of(const ContainerSpec& spec) {
    json all = json::array();
    for (const desired::DeviceRequest& request : spec.device_requests) {
        all.push_back({{"Driver", request.driver},
                       {"Count", request.count},
                       {"DeviceIDs", request.ids},
                       {"Capabilities", json::array({request.capabilities})},
                       {"Options", request.options}});
    }
    return all;
}

json ulimits_of(const ContainerSpec& spec) {
    json all = json::array();
    for (const desired::Ulimit& limit : spec.ulimits) {
        all.push_back({{"Name", limit.name}, {"Hard", limit.hard}, {"Soft", limit.soft}});
    }
    return all;
}

/// As the kernel has it: memory alone allows as much swap again.
std::int64_t memory_and_swap(const desired::Resources& resources) {
    return resources.memory_swap == 0 ? 2 * resources.memory : resources.memory_swap;
}

json resources_json(const desired::Resources& resources) {
    return {{"Memory", resources.memory},
            {"MemoryReservation", resources.memory_reservation},
            {"MemorySwap", memory_and_swap(resources)},
            {"MemorySwappiness", resources.swappiness ? json(*resources.swappiness) : json{}},
            {"NanoCpus", resources.nano_cpus},
            {"CpuShares", resources.cpu_shares},
            {"CpuPeriod", resources.cpu_period_us},
            {"CpuQuota", resources.cpu_quota_us},
            {"CpuRealtimePeriod", resources.cpu_rt_period_us},
            {"CpuRealtimeRuntime", resources.cpu_rt_runtime_us},
            {"CpusetCpus", resources.cpuset_cpus},
            {"CpusetMems", resources.cpuset_mems},
            {"PidsLimit", resources.pids_limit == 0 ? json{} : json(resources.pids_limit)},
            {"OomKillDisable", resources.oom_kill_disable},
            {"OomScoreAdj", resources.oom_score_adj.value_or(0)},
            {"BlkioWeight", resources.blkio.weight},
            {"BlkioWeightDevice", rates(resources.blkio.weight_device, "Weight")},
            {"BlkioDeviceReadBps", rates(resources.blkio.read_bps, "Rate")},
            {"BlkioDeviceWriteBps", rates(resources.blkio.write_bps, "Rate")},
            {"BlkioDeviceReadIOps", rates(resources.blkio.read_iops, "Rate")},
            {"BlkioDeviceWriteIOps", rates(resources.blkio.write_iops, "Rate")},
            // Of Windows; always so on Linux.
            {"CpuCount", 0},
            {"CpuPercent", 0},
            {"IOMaximumBandwidth", 0},
            {"IOMaximumIOps", 0}};
}

json security_json(const ContainerSpec& spec) {
    const auto& options = spec.security_opt;
    const bool open =
        spec.privileged || std::find(options.begin(), options.end(), "systempaths=unconfined") != options.end();
    using Paths = std::vector<std::string>;
    return {{"CapAdd", spec.cap_add},
            {"CapDrop", spec.cap_drop},
            {"Privileged", spec.privileged},
            {"ReadonlyRootfs", spec.read_only},
            {"SecurityOpt", options},
            {"MaskedPaths", open ? Paths{} : runtime::default_masked_paths()},
            {"ReadonlyPaths", open ? Paths{} : runtime::default_read_only_paths()}};
}

json namespaces_json(const ContainerSpec& spec) {
    return {{"NetworkMode", network_mode(spec)},
            {"CgroupnsMode", spec.cgroup.empty() ? "private" : spec.cgroup},
            {"CgroupParent", spec.cgroup_parent},
            {"Cgroup", ""},
            {"IpcMode", spec.ipc.empty() ? "private" : spec.ipc},
            {"PidMode", spec.pid},
            {"UTSMode", spec.uts},
            {"UsernsMode", spec.userns}};
}

}  // namespace

json host_config_json(const ContainerRow& row, const ContainerSpec& spec) {
    json config = {
        {"Binds", binds_of(spec)},
        {"Tmpfs", tmpfs_of(spec)},
        {"PortBindings", bindings_of(spec)},
        {"PublishAllPorts", spec.publish_all},
        {"Links", links_of(row, spec)},
        {"RestartPolicy", {{"Name", restart_name(spec.restart)}, {"MaximumRetryCount", spec.restart.max_attempts}}},
        {"AutoRemove", spec.auto_remove},
        {"VolumesFrom", spec.volumes_from},
        {"VolumeDriver", ""},
        {"ContainerIDFile", ""},
        {"LogConfig", {{"Type", row.log_driver}, {"Config", spec.logging.options}}},
        {"Dns", spec.dns},
        {"DnsOptions", spec.dns_opt},
        {"DnsSearch", spec.dns_search},
        {"ExtraHosts", spec.extra_hosts},
        {"GroupAdd", spec.group_add},
        {"Sysctls", spec.sysctls},
        {"Annotations", spec.annotations},
        {"StorageOpt", spec.storage_opt},
        {"ShmSize", spec.shm_size == 0 ? std::int64_t{64} << 20U : spec.shm_size},
        {"Init", spec.init},
        {"Runtime", spec.runtime.empty() ? "stack" : spec.runtime},
        {"Isolation", spec.isolation},
        {"Devices", devices_of(spec)},
        {"DeviceCgroupRules", spec.device_cgroup_rules},
        {"DeviceRequests", device_requests_of(spec)},
        {"Ulimits", ulimits_of(spec)}};
    config.update(namespaces_json(spec));
    config.update(security_json(spec));
    config.update(resources_json(spec.resources));
    return config;
}

}  // namespace stack::cli
