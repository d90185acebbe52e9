#include "cli/container/usage.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "cli/container_text.hpp"
#include "cli/signals.hpp"
#include "cli/table.hpp"
#include "cli/template.hpp"
#include "engine/access/tree.hpp"
#include "support/byte_size.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int interval_ms = 1000;  // Docker's

struct NetworkBytes {
    std::uint64_t received{0}, sent{0};
};

/// Sums of the container's interfaces, without the loopback: /proc/PID/net/dev.
NetworkBytes network_bytes(std::int64_t pid) {
    NetworkBytes sum;
    const std::string text = find_file(fmt::format("/proc/{}/net/dev", pid)).value_or("");
    for (const std::string_view line : split(text, '\n')) {
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos || trim(line.substr(0, colon)) == "lo") {
            continue;
        }
        std::vector<std::uint64_t> numbers;
        for (const std::string_view word : split(line.substr(colon + 1), ' ')) {
            if (const auto number = parse_uint(word)) {
                numbers.push_back(*number);
            }
        }
        constexpr size_t received = 0, sent = 8;
        if (numbers.size() > sent) {
            sum.received += numbers[received];
            sum.sent += numbers[sent];
        }
    }
    return sum;
}

std::string binary(std::uint64_t bytes) {
    return format_binary_size(Bytes{static_cast<std::int64_t>(bytes)});
}

std::string decimal(std::uint64_t bytes) {
    return format_decimal_size(Bytes{static_cast<std::int64_t>(bytes)});
}

void print_stats(const json& rows, const std::string& format) {
    if (format == "json") {
        fmt::print("{}", render_rows("{{json .}}", rows));
        return;
    }
    if (!format.empty() && format != "table") {
        fmt::print("{}", render_rows(format, rows));
        return;
    }
    Table table{{"CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"}};
    for (const json& row : rows) {
        table.add({row["ID"], row["Name"], row["CPUPerc"], row["MemUsage"], row["MemPerc"], row["NetIO"],
                   row["BlockIO"], row["PIDs"]});
    }
    fmt::print("{}", table.str());
}

/// False: the user has had enough.
bool wait_a_turn(const SignalQueue& signals) {
    pollfd interrupted{signals.fd(), POLLIN, 0};
    return ::poll(&interrupted, 1, interval_ms) == 0;
}

}  // namespace

json UsageMeter::look_at(const engine::ContainerRow& row, bool no_trunc) {
    json all{{"Container", no_trunc ? row.id : short_id(row.id)},
             {"ID", no_trunc ? row.id : short_id(row.id)},
             {"Name", row.name},
             {"CPUPerc", "--"},
             {"MemUsage", "-- / --"},
             {"MemPerc", "--"},
             {"NetIO", "-- / --"},
             {"BlockIO", "-- / --"},
             {"PIDs", "--"}};
    if (row.vanished || row.pid == 0) {
        seen_.erase(row.id);
        return all;
    }
    const auto usage = runtime::read_usage(engine::container_plan(context_.paths, row).cgroup);
    const auto now = Clock::now();
    if (const auto before = seen_.find(row.id); before != seen_.end() && usage.cpu_ns) {
        const auto passed = static_cast<double>((now - before->second.when).count());
        const auto used = static_cast<double>(*usage.cpu_ns - std::min(before->second.cpu_ns, *usage.cpu_ns));
        all["CPUPerc"] = fmt::format("{:.2f}%", used * 100 / passed);
    }
    seen_[row.id] = {now, usage.cpu_ns.value_or(0)};
    if (usage.memory) {
        const std::uint64_t limit = usage.memory_limit.value_or(0);
        all["MemUsage"] = fmt::format("{} / {}", binary(*usage.memory), limit == 0 ? "--" : binary(limit));
        if (limit > 0) {
            all["MemPerc"] =
                fmt::format("{:.2f}%", static_cast<double>(*usage.memory) * 100 / static_cast<double>(limit));
        }
    }
    const NetworkBytes network = network_bytes(row.pid);
    all["NetIO"] = fmt::format("{} / {}", decimal(network.received), decimal(network.sent));
    if (usage.block) {
        all["BlockIO"] = fmt::format("{} / {}", decimal(usage.block->read_bytes), decimal(usage.block->written_bytes));
    }
    if (usage.pids) {
        all["PIDs"] = std::to_string(*usage.pids);
    }
    return all;
}

json UsageMeter::look(const std::vector<engine::ContainerRow>& rows, bool no_trunc) {
    json all = json::array();
    for (const engine::ContainerRow& row : rows) {
        try {
            all.push_back(look_at(row, no_trunc));
        } catch (const Error&) {
            continue;  // it went away while we looked
        }
    }
    return all;
}

int show_stats(const Context& context, const StatsWish& wish,
               const std::function<std::vector<engine::ContainerRow>()>& rows) {
    const SignalQueue signals{SIGINT, SIGTERM, SIGHUP};
    UsageMeter meter{context};
    meter.look(rows(), wish.no_trunc);  // CPU needs two
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    while (wait_a_turn(signals)) {
        const json now = meter.look(rows(), wish.no_trunc);
        if (terminal && !wish.no_stream && wish.format != "json") {
            fmt::print("\033[H\033[J");
        }
        print_stats(now, wish.format);
        std::fflush(stdout);
        if (wish.no_stream) {
            break;
        }
    }
    return 0;
}

}  // namespace stack::cli
