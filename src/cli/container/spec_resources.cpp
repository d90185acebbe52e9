#include <cmath>

#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"
#include "support/text.hpp"

namespace stack::cli {

void take_resource_flags(const Flags& flags, desired::ContainerSpec& spec) {
    desired::Resources& resources = spec.resources;
    resources.memory = size_flag(flags, "memory");
    resources.memory_reservation = size_flag(flags, "memory-reservation");
    resources.memory_swap = size_flag(flags, "memory-swap");
    if (const std::optional<long> swappiness = flags.number("memory-swappiness")) {
        resources.swappiness = static_cast<int>(*swappiness);
    }
    if (const std::optional<std::string> cpus = flags.value("cpus")) {
        const std::optional<double> number = parse_double(*cpus);
        if (!number || *number < 0) {
            throw UsageError{fmt::format("invalid value '{}' for --cpus: expected a number such as 1.5", *cpus)};
        }
        resources.nano_cpus = std::llround(*number * 1e9);
    }
    resources.cpu_shares = flags.number("cpu-shares").value_or(0);
    resources.cpu_period_us = flags.number("cpu-period").value_or(0);
    resources.cpu_quota_us = flags.number("cpu-quota").value_or(0);
    resources.cpu_rt_period_us = flags.number("cpu-rt-period").value_or(0);
    resources.cpu_rt_runtime_us = flags.number("cpu-rt-runtime").value_or(0);
    if (flags.given("kernel-memory")) {
        throw Error{Errc::unsupported, "--kernel-memory has no effect: kernels have no such limit any more"}.hint(
            "use --memory, which counts the kernel's memory too");
    }
    resources.cpuset_cpus = flags.value_or("cpuset-cpus", "");
    resources.cpuset_mems = flags.value_or("cpuset-mems", "");
    resources.pids_limit = std::max(0L, flags.number("pids-limit").value_or(0));
    resources.oom_kill_disable = flags.on("oom-kill-disable");
    if (const std::optional<long> score = flags.number("oom-score-adj")) {
        resources.oom_score_adj = static_cast<int>(*score);
    }
    spec.shm_size = size_flag(flags, "shm-size");
}

}  // namespace stack::cli
