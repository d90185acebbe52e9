#include <algorithm>

#include <fmt/format.h>

#include "engine/runtime/cgroup.hpp"
#include "engine/runtime/cgroup_files.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

constexpr std::uint64_t no_limit = std::uint64_t{1} << 60U;  // v1 writes "no limit" as the largest page-aligned number

std::optional<std::uint64_t> number_in(const std::string& file) {
    const auto text = find_file(file);
    return text ? parse_uint(trim(*text)) : std::nullopt;  // "max" is no number
}

std::uint64_t host_memory() {
    return parse_uint(trim(split(trim(read_file("/proc/meminfo").substr(sizeof "MemTotal:" - 1)), ' ')[0]))
               .value_or(0) *
           1024;
}

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
    return a > b ? a - b : 0;
}

void read_v2_cpu(const std::string& dir, CgroupUsage& usage) {
    const std::string file = dir + "/cpu.stat";
    const auto nanoseconds = [&](const char* key) -> std::optional<std::uint64_t> {
        const auto microseconds = keyed_value(file, key);
        return microseconds ? std::optional{*microseconds * 1000} : std::nullopt;
    };
    usage.cpu_ns = nanoseconds("usage_usec");
    usage.cpu_user_ns = nanoseconds("user_usec");
    usage.cpu_system_ns = nanoseconds("system_usec");
    usage.throttled_periods = keyed_value(file, "nr_throttled");
    usage.throttled_ns = nanoseconds("throttled_usec");
}

void read_v1_cpu(const CgroupPlacement& placement, CgroupUsage& usage) {
    if (const std::string dir = v1_dir_with(placement, "cpuacct.usage"); !dir.empty()) {
        usage.cpu_ns = number_in(dir + "/cpuacct.usage");
        usage.cpu_user_ns = number_in(dir + "/cpuacct.usage_user");
        usage.cpu_system_ns = number_in(dir + "/cpuacct.usage_sys");
    }
    if (const std::string dir = v1_dir_with(placement, "cpu.stat"); !dir.empty()) {
        usage.throttled_periods = keyed_value(dir + "/cpu.stat", "nr_throttled");
        usage.throttled_ns = keyed_value(dir + "/cpu.stat", "throttled_time");
    }
}

/// Without a memory controller for this container: its processes' proportional shares, summed.
std::uint64_t memory_of_processes(const CgroupPlacement& placement) {
    std::uint64_t kib = 0;
    for (const pid_t pid : processes_in(placement)) {
        const std::string text = find_file(fmt::format("/proc/{}/smaps_rollup", pid)).value_or("");
        for (const auto line : split(text, '\n')) {
            if (line.rfind("Pss:", 0) == 0) {
                kib += parse_uint(split(trim(line.substr(4)), ' ')[0]).value_or(0);
            }
        }
    }
    return kib * 1024;
}

void read_memory(const CgroupPlacement& placement, CgroupUsage& usage) {
    std::optional<std::uint64_t> limit;
    const std::string v1 = v1_dir_with(placement, "memory.usage_in_bytes");
    if (const auto current = number_in(placement.v2_dir + "/memory.current"); current && !placement.v2_dir.empty()) {
        usage.memory = minus(*current, keyed_value(placement.v2_dir + "/memory.stat", "inactive_file").value_or(0));
        limit = number_in(placement.v2_dir + "/memory.max");
    } else if (!v1.empty()) {
        usage.memory = minus(number_in(v1 + "/memory.usage_in_bytes").value_or(0),
                             keyed_value(v1 + "/memory.stat", "total_inactive_file").value_or(0));
        limit = number_in(v1 + "/memory.limit_in_bytes");
    } else {
        usage.memory = memory_of_processes(placement);
    }
    const std::uint64_t all = host_memory();
    usage.memory_limit = limit && *limit < no_limit ? std::min(*limit, all) : all;
}

void read_pids(const CgroupPlacement& placement, CgroupUsage& usage) {
    const std::string v1 = v1_dir_with(placement, "pids.current");
    const std::string dir = v1.empty() ? placement.v2_dir : v1;
    usage.pids = number_in(dir + "/pids.current");
    usage.pids_limit = number_in(dir + "/pids.max");
    if (!usage.pids) {
        usage.pids = processes_in(placement).size();
    }
}

/// io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 …", a line per device.
BlockUsage parse_io_stat(std::string_view text) {
    BlockUsage block;
    for (const auto line : split(text, '\n')) {
        for (const auto word : split(line, ' ')) {
            const auto equals = word.find('=');
            if (equals == std::string_view::npos) {
                continue;
            }
            const auto key = word.substr(0, equals);
            const std::uint64_t value = parse_uint(word.substr(equals + 1)).value_or(0);
            block.read_bytes += key == "rbytes" ? value : 0;
            block.written_bytes += key == "wbytes" ? value : 0;
            block.read_operations += key == "rios" ? value : 0;
            block.write_operations += key == "wios" ? value : 0;
        }
    }
    return block;
}

/// blkio: "8:0 Read 4096", a line per device and kind.
void add_v1_io(std::string_view text, std::uint64_t& reads, std::uint64_t& writes) {
    for (const auto line : split(text, '\n')) {
        const auto words = split(line, ' ');
        if (words.size() == 3) {
            const std::uint64_t value = parse_uint(words[2]).value_or(0);
            reads += words[1] == "Read" ? value : 0;
            writes += words[1] == "Write" ? value : 0;
        }
    }
}

/// Without an I/O controller for this container: what its living processes have read and written (proc_pid_io(5)).
BlockUsage block_of_processes(const CgroupPlacement& placement) {
    BlockUsage block;
    for (const pid_t pid : processes_in(placement)) {
        const std::string text = find_file(fmt::format("/proc/{}/io", pid)).value_or("");
        for (const auto line : split(text, '\n')) {
            const auto colon = line.find(": ");
            if (colon == std::string_view::npos) {
                continue;
            }
            const std::uint64_t value = parse_uint(trim(line.substr(colon + 2))).value_or(0);
            block.read_bytes += line.substr(0, colon) == "read_bytes" ? value : 0;
            block.written_bytes += line.substr(0, colon) == "write_bytes" ? value : 0;
        }
    }
    return block;
}

void read_block(const CgroupPlacement& placement, CgroupUsage& usage) {
    if (const auto stat = find_file(placement.v2_dir + "/io.stat"); stat && !placement.v2_dir.empty()) {
        usage.block = parse_io_stat(*stat);
    } else if (const std::string dir = v1_dir_with(placement, "blkio.throttle.io_service_bytes_recursive");
               !dir.empty()) {
        BlockUsage block;
        add_v1_io(read_file(dir + "/blkio.throttle.io_service_bytes_recursive"), block.read_bytes, block.written_bytes);
        add_v1_io(read_file(dir + "/blkio.throttle.io_serviced_recursive"), block.read_operations,
                  block.write_operations);
        usage.block = block;
    } else {
        usage.block = block_of_processes(placement);
    }
}

}  // namespace

CgroupUsage read_usage(const CgroupPlacement& placement) {
    CgroupUsage usage;
    if (!placement.v2_dir.empty()) {
        read_v2_cpu(placement.v2_dir, usage);
    } else {
        read_v1_cpu(placement, usage);
    }
    read_memory(placement, usage);
    read_pids(placement, usage);
    read_block(placement, usage);
    return usage;
}

}  // namespace stack::runtime
