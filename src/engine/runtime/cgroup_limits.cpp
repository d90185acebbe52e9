#include "engine/runtime/cgroup_limits.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "support/error.hpp"

namespace stack::runtime {
namespace {

using desired::Resources;
using desired::ThrottleDevice;

struct CpuQuota {
    std::int64_t quota_us{0}, period_us{0};
};

constexpr std::int64_t default_period_us = 100'000;

CpuQuota cpu_quota(const Resources& resources) {
    CpuQuota quota{resources.cpu_quota_us, resources.cpu_period_us};
    if (resources.nano_cpus > 0) {
        quota.period_us = default_period_us;
        // The kernel takes no quota below 1 ms.
        quota.quota_us = std::max<std::int64_t>(1000, resources.nano_cpus * default_period_us / 1'000'000'000);
    }
    return quota;
}

/// Memory and swap together, as `memswap_limit` counts: unset means as much swap as memory; -1 without limit.
std::int64_t memory_and_swap(const Resources& resources) {
    if (resources.memory_swap != 0) {
        return resources.memory_swap;
    }
    return resources.memory > 0 ? 2 * resources.memory : 0;
}

std::string device_number(const std::string& path) {
    struct stat info {};
    check(::stat(path.c_str(), &info), [&] { return fmt::format("look at the block device '{}'", path); });
    if (!S_ISBLK(info.st_mode)) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is not a block device", path));
    }
    return fmt::format("{}:{}", major(info.st_rdev), minor(info.st_rdev));
}

class Settings {
public:
    void add(const char* controller, const char* file, std::string value, bool optional = false) {
        list_.push_back({controller, file, std::move(value), optional});
    }
    void add_if(std::int64_t value, const char* controller, const char* file) {
        if (value != 0) {
            add(controller, file, std::to_string(value));
        }
    }
    void add_devices(const std::vector<ThrottleDevice>& devices, const char* controller, const char* file,
                     const std::string& word = "", bool optional = false) {
        for (const ThrottleDevice& device : devices) {
            add(controller, file, fmt::format("{} {}{}", device_number(device.path), word, device.rate), optional);
        }
    }
    std::vector<CgroupSetting> take() { return std::move(list_); }

private:
    std::vector<CgroupSetting> list_;
};

void add_v2_memory(Settings& settings, const Resources& resources) {
    if (resources.memory > 0) {
        settings.add("memory", "memory.max", std::to_string(resources.memory));
    }
    settings.add_if(resources.memory_reservation, "memory", "memory.low");
    const std::int64_t both = memory_and_swap(resources);
    if (both == -1) {
        settings.add("memory", "memory.swap.max", "max", true);
    } else if (both > 0) {
        settings.add("memory", "memory.swap.max", std::to_string(both - resources.memory), true);
    }
}

void add_v2_cpu(Settings& settings, const Resources& resources) {
    if (resources.cpu_shares > 0) {
        const std::int64_t shares = std::clamp<std::int64_t>(resources.cpu_shares, 2, 262144);
        settings.add("cpu", "cpu.weight", std::to_string(1 + (shares - 2) * 9999 / 262142));
    }
    const CpuQuota quota = cpu_quota(resources);
    if (quota.quota_us > 0 || quota.period_us > 0) {
        settings.add("cpu", "cpu.max",
                     fmt::format("{} {}", quota.quota_us > 0 ? std::to_string(quota.quota_us) : "max",
                                 quota.period_us > 0 ? quota.period_us : default_period_us));
    }
}

void add_cpuset(Settings& settings, const Resources& resources) {
    if (!resources.cpuset_cpus.empty()) {
        settings.add("cpuset", "cpuset.cpus", resources.cpuset_cpus);
    }
    if (!resources.cpuset_mems.empty()) {
        settings.add("cpuset", "cpuset.mems", resources.cpuset_mems);
    }
}

void add_pids(Settings& settings, const Resources& resources) {
    if (resources.pids_limit > 0) {
        settings.add("pids", "pids.max", std::to_string(resources.pids_limit));
    } else if (resources.pids_limit < 0) {
        settings.add("pids", "pids.max", "max");
    }
}

void add_v2_io(Settings& settings, const desired::BlkioSpec& blkio) {
    settings.add_if(blkio.weight, "io", "io.bfq.weight");
    settings.add_devices(blkio.weight_device, "io", "io.bfq.weight");
    settings.add_devices(blkio.read_bps, "io", "io.max", "rbps=");
    settings.add_devices(blkio.write_bps, "io", "io.max", "wbps=");
    settings.add_devices(blkio.read_iops, "io", "io.max", "riops=");
    settings.add_devices(blkio.write_iops, "io", "io.max", "wiops=");
}

}  // namespace

std::vector<CgroupSetting> v2_settings(const Resources& resources, std::vector<std::string>& warnings) {
    if (resources.swappiness) {
        warnings.emplace_back("mem_swappiness has no effect: cgroup v2 has no such setting");
    }
    if (resources.oom_kill_disable) {
        warnings.emplace_back("oom_kill_disable has no effect: cgroup v2 cannot switch the OOM killer off");
    }
    if (resources.cpu_rt_runtime_us != 0 || resources.cpu_rt_period_us != 0) {
        warnings.emplace_back("cpu_rt_runtime and cpu_rt_period have no effect: cgroup v2 has no real-time budget");
    }
    Settings settings;
    add_v2_memory(settings, resources);
    add_v2_cpu(settings, resources);
    add_cpuset(settings, resources);
    add_pids(settings, resources);
    add_v2_io(settings, resources.blkio);
    auto list = settings.take();
    for (CgroupSetting& setting : list) {
        setting.optional = setting.optional || setting.file == "io.bfq.weight";  // only where the BFQ scheduler is
    }
    return list;
}

std::vector<CgroupSetting> v1_settings(const Resources& resources) {
    Settings settings;
    settings.add_if(resources.memory, "memory", "memory.limit_in_bytes");
    const std::int64_t both = memory_and_swap(resources);
    if (both != 0) {
        settings.add("memory", "memory.memsw.limit_in_bytes", std::to_string(both), true);
    }
    settings.add_if(resources.memory_reservation, "memory", "memory.soft_limit_in_bytes");
    if (resources.swappiness) {
        settings.add("memory", "memory.swappiness", std::to_string(*resources.swappiness));
    }
    if (resources.oom_kill_disable) {
        settings.add("memory", "memory.oom_control", "1");
    }
    settings.add_if(resources.cpu_shares, "cpu", "cpu.shares");
    const CpuQuota quota = cpu_quota(resources);
    settings.add_if(quota.period_us, "cpu", "cpu.cfs_period_us");
    settings.add_if(quota.quota_us, "cpu", "cpu.cfs_quota_us");
    settings.add_if(resources.cpu_rt_period_us, "cpu", "cpu.rt_period_us");
    settings.add_if(resources.cpu_rt_runtime_us, "cpu", "cpu.rt_runtime_us");
    add_cpuset(settings, resources);
    add_pids(settings, resources);
    const desired::BlkioSpec& blkio = resources.blkio;
    if (blkio.weight != 0) {
        settings.add("blkio", "blkio.bfq.weight", std::to_string(blkio.weight), true);
    }
    settings.add_devices(blkio.weight_device, "blkio", "blkio.bfq.weight_device", "", true);
    settings.add_devices(blkio.read_bps, "blkio", "blkio.throttle.read_bps_device");
    settings.add_devices(blkio.write_bps, "blkio", "blkio.throttle.write_bps_device");
    settings.add_devices(blkio.read_iops, "blkio", "blkio.throttle.read_iops_device");
    settings.add_devices(blkio.write_iops, "blkio", "blkio.throttle.write_iops_device");
    return settings.take();
}

}  // namespace stack::runtime
