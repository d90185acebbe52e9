#include <cmath>

#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"
#include "cli/render_error.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

constexpr const char* limit_flags[] = {
    "blkio-weight", "cpu-period",  "cpu-quota", "cpu-rt-period", "cpu-rt-runtime",     "cpu-shares", "cpus",
    "cpuset-cpus",  "cpuset-mems", "memory",    "memory-swap",   "memory-reservation", "pids-limit"};

desired::Resources resources_of(const Flags& flags) {
    desired::Resources resources;
    resources.memory = size_flag(flags, "memory");
    resources.memory_reservation = size_flag(flags, "memory-reservation");
    resources.memory_swap = size_flag(flags, "memory-swap");
    if (const auto cpus = flags.value("cpus")) {
        const auto number = parse_double(*cpus);
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
    resources.cpuset_cpus = flags.value_or("cpuset-cpus", "");
    resources.cpuset_mems = flags.value_or("cpuset-mems", "");
    resources.pids_limit = flags.number("pids-limit").value_or(0);
    resources.blkio.weight = static_cast<std::uint16_t>(flags.number("blkio-weight").value_or(0));
    return resources;
}

}  // namespace

int container_update(Context& context, const Flags& flags) {
    engine::UpdateRequest request;
    for (const char* flag : limit_flags) {
        if (flags.given(flag)) {
            request.resources = resources_of(flags);
        }
    }
    if (const auto policy = flags.value("restart")) {
        request.restart = parse_restart_policy(*policy);
    }
    if (!request.resources && !request.restart) {
        throw UsageError{"you must provide one or more flags when using this command"};
    }
    int code = 0;
    const StateView state{context.paths};
    for (const std::string& name : flags.words()) {
        try {
            const engine::ContainerRow row = state.get(name);
            engine::SupervisorClient client{context.paths, row.project};
            client.update(row.id, request);
            fmt::print("{}\n", name);
        } catch (const Error& error) {
            report_and_go_on(context, error);
            code = 1;
        }
    }
    return code;
}

}  // namespace stack::cli
