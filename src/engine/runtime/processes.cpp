#include "engine/runtime/processes.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "engine/runtime/cgroup.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

using std::chrono::seconds;

/// proc_pid_stat(5), counted from the state (field 3), which follows the name in parentheses.
struct StatFields {
    static constexpr size_t parent = 4 - 3, terminal = 7 - 3, user_ticks = 14 - 3, system_ticks = 15 - 3, nice = 19 - 3,
                            threads = 20 - 3, start = 22 - 3, virtual_size = 23 - 3, resident = 24 - 3;
};

std::string terminal_name(std::uint64_t device) {
    constexpr unsigned first_pts = 136, last_pts = 143;
    const unsigned major_number = major(device), minor_number = minor(device);
    if (major_number >= first_pts && major_number <= last_pts) {
        return fmt::format("pts/{}", (major_number - first_pts) * 256 + minor_number);
    }
    return major_number == 4 ? fmt::format("tty{}", minor_number) : "?";
}

std::string command_line(const std::string& proc, std::string_view name) {
    std::string text = find_file(proc + "/cmdline").value_or("");
    while (!text.empty() && text.back() == '\0') {
        text.pop_back();
    }
    for (char& c : text) {
        c = c == '\0' ? ' ' : c;
    }
    return text.empty() ? fmt::format("[{}]", name) : text;
}

seconds uptime() {
    const std::string text = read_file("/proc/uptime");  // "4711.08 9300.11"
    return seconds{static_cast<std::int64_t>(parse_double(text.substr(0, text.find(' '))).value_or(0))};
}

bool read_row(pid_t pid, seconds up, ProcessRow& row) {
    const std::string proc = fmt::format("/proc/{}", pid);
    const std::string line = find_file(proc + "/stat").value_or("");
    struct stat owner {};
    const auto open = line.find('('), close = line.rfind(')');
    if (close == std::string::npos || ::stat(proc.c_str(), &owner) != 0) {
        return false;
    }
    const std::string rest = line.substr(close + 2);
    const auto fields = split(rest, ' ');
    if (fields.size() <= StatFields::resident) {
        return false;
    }
    const auto number = [&](size_t field) { return parse_int(fields[field]).value_or(0); };
    const auto ticks = static_cast<std::int64_t>(::sysconf(_SC_CLK_TCK));
    row.pid = pid;
    row.parent = static_cast<pid_t>(number(StatFields::parent));
    row.uid = owner.st_uid;
    row.terminal = terminal_name(static_cast<std::uint64_t>(number(StatFields::terminal)));
    row.cpu_time = seconds{(number(StatFields::user_ticks) + number(StatFields::system_ticks)) / ticks};
    const seconds age = up - seconds{number(StatFields::start) / ticks};
    row.started = std::chrono::system_clock::now() - age;
    row.cpu_percent = age.count() > 0 ? static_cast<int>(row.cpu_time.count() * 100 / age.count()) : 0;
    row.name = line.substr(open + 1, close - open - 1);
    row.state = fields.front().empty() ? '?' : fields.front().front();
    row.nice = static_cast<int>(number(StatFields::nice));
    row.threads = static_cast<int>(number(StatFields::threads));
    row.virtual_bytes = static_cast<std::uint64_t>(number(StatFields::virtual_size));
    row.resident_bytes =
        static_cast<std::uint64_t>(number(StatFields::resident)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    row.command = command_line(proc, row.name);
    return true;
}

}  // namespace

std::vector<ProcessRow> list_processes(const CgroupPlacement& placement) {
    const seconds up = uptime();
    std::vector<ProcessRow> rows;
    for (const pid_t pid : processes_in(placement)) {
        ProcessRow row;
        if (read_row(pid, up, row)) {
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

}  // namespace stack::runtime
