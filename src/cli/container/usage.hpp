#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/context.hpp"
#include "engine/runtime/cgroup.hpp"
#include "engine/state/container_row.hpp"

/// `docker stats` and `docker compose stats`.
namespace stack::cli {

/// What containers use, measured between two looks.
class UsageMeter {
public:
    explicit UsageMeter(const Context& context) : context_{context} {}
    /// One object per container with Docker's fields: Container, ID, Name, CPUPerc, MemUsage, MemPerc, NetIO, BlockIO,
    /// PIDs. CPU is that since the last look at the same container; "--" for those that do not run and, at the first
    /// look, for CPU.
    nlohmann::json look(const std::vector<engine::ContainerRow>& rows, bool no_trunc);

private:
    struct Seen {
        std::chrono::steady_clock::time_point when;
        std::uint64_t cpu_ns{0};
    };
    nlohmann::json look_at(const engine::ContainerRow& row, bool no_trunc);
    const Context& context_;
    std::map<std::string, Seen> seen_;
};

struct StatsWish {
    std::string format;  ///< "", "table …", "json" or a template
    bool no_stream{false}, no_trunc{false};
};
/// Shows them, again each second unless no_stream, until Ctrl-C. `rows` is asked anew each time.
int show_stats(const Context& context, const StatsWish& wish,
               const std::function<std::vector<engine::ContainerRow>()>& rows);

}  // namespace stack::cli
