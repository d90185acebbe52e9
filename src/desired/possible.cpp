#include "desired/possible.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>

#include "support/byte_size.hpp"
#include "support/text.hpp"

namespace stack::desired {
namespace {

/// Below this not even the start of a process succeeds, so Docker takes no less, and neither do we.
constexpr std::int64_t least_memory = 6 << 20;
constexpr std::int64_t least_period_us = 1'000, most_period_us = 1'000'000, least_quota_us = 1'000;
constexpr int least_weight = 10, most_weight = 1'000;

constexpr std::array<std::pair<std::string_view, int>, 16> ulimits = {{{"core", RLIMIT_CORE},
                                                                       {"cpu", RLIMIT_CPU},
                                                                       {"data", RLIMIT_DATA},
                                                                       {"fsize", RLIMIT_FSIZE},
                                                                       {"locks", RLIMIT_LOCKS},
                                                                       {"memlock", RLIMIT_MEMLOCK},
                                                                       {"msgqueue", RLIMIT_MSGQUEUE},
                                                                       {"nice", RLIMIT_NICE},
                                                                       {"nofile", RLIMIT_NOFILE},
                                                                       {"nproc", RLIMIT_NPROC},
                                                                       {"rss", RLIMIT_RSS},
                                                                       {"rtprio", RLIMIT_RTPRIO},
                                                                       {"rttime", RLIMIT_RTTIME},
                                                                       {"sigpending", RLIMIT_SIGPENDING},
                                                                       {"stack", RLIMIT_STACK},
                                                                       {"as", RLIMIT_AS}}};

class Check {
public:
    std::vector<Impossible> found;

    void add(std::string_view key, std::string message, std::string hint = {}, Errc code = Errc::invalid_input) {
        found.push_back({key, code, std::move(message), std::move(hint)});
    }

    void memory(const Resources& limits) {
        if (limits.memory > 0 && limits.memory < least_memory) {
            add("mem_limit", fmt::format("a memory limit of {} bytes is too small", limits.memory),
                "the least is 6 MiB: write 6m or more");
        }
        if (limits.memory > 0 && limits.memory_reservation > limits.memory) {
            add("mem_reservation",
                fmt::format("mem_reservation ({}) is above mem_limit ({})", limits.memory_reservation, limits.memory));
        }
        if (limits.memory_swap > 0 && limits.memory == 0) {
            add("memswap_limit", "memswap_limit is memory and swap together, and there is no mem_limit",
                "set mem_limit, too");
        } else if (limits.memory_swap > 0 && limits.memory_swap < limits.memory) {
            add("memswap_limit",
                fmt::format("memswap_limit ({}) is memory and swap together and cannot be below mem_limit ({})",
                            limits.memory_swap, limits.memory),
                "the same value means no swap, -1 all that there is");
        }
        if (limits.swappiness && (*limits.swappiness < -1 || *limits.swappiness > 100)) {
            add("mem_swappiness", fmt::format("mem_swappiness {} is out of range", *limits.swappiness),
                "it goes from 0 to 100");
        }
    }

    void cpu(const Resources& limits) {
        if (limits.cpu_period_us != 0 &&
            (limits.cpu_period_us < least_period_us || limits.cpu_period_us > most_period_us)) {
            add("cpu_period", fmt::format("cpu_period {} is out of range", limits.cpu_period_us),
                "it goes from 1000 to 1000000 microseconds (1 ms to 1 s)");
        }
        if (limits.cpu_quota_us > 0 && limits.cpu_quota_us < least_quota_us) {
            add("cpu_quota", fmt::format("cpu_quota {} is too small", limits.cpu_quota_us),
                "the least is 1000 microseconds (1 ms)");
        }
        if (limits.nano_cpus > 0 && (limits.cpu_period_us != 0 || limits.cpu_quota_us > 0)) {
            add("cpus", "cpus and cpu_period or cpu_quota say the same in two ways", "leave one of them out");
        }
        const std::int64_t rt_period = limits.cpu_rt_period_us != 0 ? limits.cpu_rt_period_us : most_period_us;
        if (limits.cpu_rt_runtime_us > rt_period) {
            add("cpu_rt_runtime",
                fmt::format("cpu_rt_runtime ({}) is above cpu_rt_period ({})", limits.cpu_rt_runtime_us, rt_period));
        }
        numbers("cpuset", limits.cpuset_cpus);
        numbers("cpuset", limits.cpuset_mems);
    }

    void block_io(const BlkioSpec& limits) {
        weight("blkio_config", limits.weight);
        for (const ThrottleDevice& device : limits.weight_device) {
            weight("blkio_config", static_cast<std::int64_t>(device.rate));
        }
    }

    void score(const Resources& limits) {
        if (limits.oom_score_adj && (*limits.oom_score_adj < -1000 || *limits.oom_score_adj > 1000)) {
            add("oom_score_adj", fmt::format("oom_score_adj {} is out of range", *limits.oom_score_adj),
                "it goes from -1000 to 1000");
        }
    }

    void ulimit(const Ulimit& wanted) {
        if (!ulimit_resource(wanted.name)) {
            std::vector<std::string> names;
            for (const auto& [name, resource] : ulimits) {
                names.emplace_back(name);
            }
            const auto near = nearest(wanted.name, names);
            add("ulimits", fmt::format("unknown ulimit '{}'", wanted.name),
                near ? fmt::format("did you mean '{}'?", *near) : "setrlimit(2) lists them");
        }
        const bool unlimited_soft = wanted.soft < 0 && wanted.hard >= 0;
        if (unlimited_soft || (wanted.hard >= 0 && wanted.soft > wanted.hard)) {
            add("ulimits", fmt::format("ulimit '{}': the soft limit {} is above the hard limit {}", wanted.name,
                                       wanted.soft, wanted.hard));
        }
    }

    void engine(const ContainerSpec& spec) {
        if (!spec.userns.empty() && spec.userns != "host") {
            add("userns_mode", fmt::format("userns_mode '{}' is not supported", spec.userns),
                "only 'host' is; leave it out", Errc::unsupported);
        }
        for (const auto& [name, value] : spec.storage_opt) {
            storage(name, value);
        }
        if (!spec.isolation.empty() && spec.isolation != "default") {
            add("isolation", fmt::format("isolation '{}' does not exist on Linux", spec.isolation),
                "leave 'isolation' out", Errc::unsupported);
        }
        if (!spec.runtime.empty() && spec.runtime != "runc" && spec.runtime != "stack") {
            add("runtime",
                fmt::format("runtime '{}' is not supported: containers are run by this program itself", spec.runtime),
                "leave 'runtime' out", Errc::unsupported);
        }
    }

private:
    void storage(const std::string& name, const std::string& value) {
        if (name != "size") {
            add("storage_opt", fmt::format("storage_opt '{}' is not known", name), "the only one is 'size'",
                Errc::unsupported);
            return;
        }
        const auto size = parse_byte_size(value);
        if (!size || size->count <= 0) {
            add("storage_opt", fmt::format("storage_opt 'size': '{}' is no size", value),
                "write a number of bytes above 0, or 512m, 10G");
        }
    }

    void weight(std::string_view key, std::int64_t value) {
        if (value != 0 && (value < least_weight || value > most_weight)) {
            add(key, fmt::format("the weight {} for block devices is out of range", value),
                "weights go from 10 to 1000");
        }
    }

    /// "0-3,5" (cpuset(7), "List format").
    void numbers(std::string_view key, const std::string& text) {
        if (text.empty()) {
            return;
        }
        for (const std::string_view piece : split(text, ',')) {
            const auto dash = piece.find('-');
            const auto first = parse_uint(trim(piece.substr(0, dash)));
            const auto last = dash == std::string_view::npos ? first : parse_uint(trim(piece.substr(dash + 1)));
            if (!first || !last || *first > *last) {
                add(key, fmt::format("'{}' is no list of cpus or memory nodes", text), "write 0-2 or 0,3");
                return;
            }
        }
    }
};

}  // namespace

std::optional<int> ulimit_resource(std::string_view name) {
    for (const auto& [known, resource] : ulimits) {
        if (known == name) {
            return resource;
        }
    }
    return std::nullopt;
}

std::vector<Impossible> impossible_limits(const Resources& resources) {
    Check check;
    check.memory(resources);
    check.cpu(resources);
    check.block_io(resources.blkio);
    check.score(resources);
    return std::move(check.found);
}

std::vector<Impossible> impossible_values(const ContainerSpec& spec) {
    Check check;
    check.found = impossible_limits(spec.resources);
    for (const Ulimit& limit : spec.ulimits) {
        check.ulimit(limit);
    }
    check.engine(spec);
    return std::move(check.found);
}

void require_possible(const std::vector<Impossible>& found) {
    if (!found.empty()) {
        throw Error(found.front().code, found.front().message).hint(found.front().hint);
    }
}

}  // namespace stack::desired
