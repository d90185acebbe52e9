#include "cli/container/process_table.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "cli/flags.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using runtime::ProcessRow;

std::string user_name(uid_t uid) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer;
    return ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr
               ? found->pw_name
               : std::to_string(uid);
}

std::string clock_text(const ProcessRow& row, const char* today, const char* earlier) {
    const std::time_t started = std::chrono::system_clock::to_time_t(row.started), now = std::time(nullptr);
    std::tm then{}, current{};
    ::localtime_r(&started, &then);
    ::localtime_r(&now, &current);
    const bool same_day = then.tm_yday == current.tm_yday && then.tm_year == current.tm_year;
    std::array<char, 64> text;
    return {text.data(), std::strftime(text.data(), text.size(), same_day ? today : earlier, &then)};
}

std::string cpu_time(const ProcessRow& row) {
    const auto seconds = row.cpu_time.count();
    return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string short_cpu_time(const ProcessRow& row) {
    return fmt::format("{}:{:02}", row.cpu_time.count() / 60, row.cpu_time.count() % 60);
}

std::string memory_percent(const ProcessRow& row) {
    const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
    const auto all = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return fmt::format("{:.1f}", static_cast<double>(row.resident_bytes) * 100 / static_cast<double>(all));
}

std::string elapsed(const ProcessRow& row) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - row.started);
    const auto seconds = std::max<std::int64_t>(age.count(), 0);
    if (seconds >= 86400) {
        return fmt::format("{}-{:02}:{:02}:{:02}", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
                           seconds % 60);
    }
    return seconds >= 3600 ? fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
                           : fmt::format("{:02}:{:02}", seconds / 60, seconds % 60);
}

struct Column {
    const char* names;  ///< as ps(1) calls it, aliases behind '|'
    const char* title;
    std::string (*cell)(const ProcessRow&);
};

// clang-format off
const Column columns[] = {
    {"pid|tgid",             "PID",     [](const ProcessRow& row) { return std::to_string(row.pid); }},
    {"ppid",                 "PPID",    [](const ProcessRow& row) { return std::to_string(row.parent); }},
    {"user|euser|uname|ruser", "USER",  [](const ProcessRow& row) { return user_name(row.uid); }},
    {"uid|euid|ruid",        "UID",     [](const ProcessRow& row) { return std::to_string(row.uid); }},
    {"uid_or_name",          "UID",     [](const ProcessRow& row) { return user_name(row.uid); }},
    {"c|cp",                 "C",       [](const ProcessRow& row) { return std::to_string(row.cpu_percent); }},
    {"pcpu|%cpu",            "%CPU",    [](const ProcessRow& row) { return fmt::format("{}.0", row.cpu_percent); }},
    {"pmem|%mem",            "%MEM",    memory_percent},
    {"vsz|vsize",            "VSZ",     [](const ProcessRow& row) { return std::to_string(row.virtual_bytes / 1024); }},
    {"rss|rssize|rsz",       "RSS",     [](const ProcessRow& row) { return std::to_string(row.resident_bytes / 1024); }},
    {"tty|tt|tname",         "TTY",     [](const ProcessRow& row) { return row.terminal; }},
    {"stat|state|s",         "STAT",    [](const ProcessRow& row) { return std::string(1, row.state); }},
    {"ni|nice",              "NI",      [](const ProcessRow& row) { return std::to_string(row.nice); }},
    {"nlwp|thcount",         "NLWP",    [](const ProcessRow& row) { return std::to_string(row.threads); }},
    {"stime",                "STIME",   [](const ProcessRow& row) { return clock_text(row, "%H:%M", "%b%d"); }},
    {"start_time|start|bsdstart", "START", [](const ProcessRow& row) { return clock_text(row, "%H:%M", "%b%d"); }},
    {"lstart",               "STARTED", [](const ProcessRow& row) { return clock_text(row, "%c", "%c"); }},
    {"etime",                "ELAPSED", elapsed},
    {"time|cputime",         "TIME",    cpu_time},
    {"bsdtime",              "TIME",    short_cpu_time},
    {"cmd",                  "CMD",     [](const ProcessRow& row) { return row.command; }},
    {"args|command",         "COMMAND", [](const ProcessRow& row) { return row.command; }},
    {"comm|ucmd|ucomm",      "COMMAND", [](const ProcessRow& row) { return row.name; }},
};
// clang-format on

const Column& find_column(const std::string& name) {
    for (const Column& column : columns) {
        for (const std::string_view known : split(column.names, '|')) {
            if (known == name) {
                return column;
            }
        }
    }
    throw UsageError{fmt::format("no such column of ps: '{}'", name)};
}

constexpr const char* full_list = "uid_or_name,pid,ppid,c,stime,tty,time,cmd";
constexpr const char* aux_list = "user,pid,pcpu,pmem,vsz,rss,tty,stat,start,bsdtime,args";
constexpr const char* short_list = "pid,tty,time,comm";

}  // namespace

ProcessTable::ProcessTable(const std::vector<std::string>& ps_words) {
    for (size_t i = 0; i < ps_words.size(); ++i) {
        const std::string& word = ps_words[i];
        const bool dashed = word.starts_with('-');
        const std::string letters = word.substr(dashed ? 1 : 0);
        if (letters == "-format" || letters.ends_with('o') || letters.starts_with('o')) {
            const size_t at = letters.find('o');
            const bool inline_list = letters != "-format" && at + 1 < letters.size();
            if (!inline_list && i + 1 == ps_words.size()) {
                throw UsageError{fmt::format("'{}' needs a list of columns", word)};
            }
            take_columns(inline_list ? letters.substr(at + 1) : ps_words[++i]);
        } else if (letters == "f" || letters == "ef" || letters == "eF" || letters == "fe" || letters == "F") {
            take_columns(full_list);
        } else if (letters.find('u') != std::string::npos && letters.find_first_not_of("aux") == std::string::npos) {
            take_columns(aux_list);
        } else if (letters == "e" || letters == "A" || letters == "a" || letters == "ax" || letters == "x") {
            take_columns(names_.empty() ? short_list : "");
        } else {
            throw UsageError{fmt::format("'{}' is not understood: -ef, aux and -o COLUMN,… are", word)};
        }
    }
    if (names_.empty()) {
        take_columns(full_list);
    }
}

void ProcessTable::take_columns(const std::string& list) {
    for (const std::string_view part : split(list, ',')) {
        if (trim(part).empty()) {
            continue;
        }
        const size_t equals = part.find('=');
        const std::string name = to_lower(trim(part.substr(0, equals)));
        const Column& column = find_column(name);
        names_.push_back(name);
        titles_.emplace_back(equals == std::string_view::npos ? column.title : part.substr(equals + 1));
    }
}

std::vector<std::string> ProcessTable::cells(const ProcessRow& row) const {
    std::vector<std::string> cells;
    for (const std::string& name : names_) {
        cells.push_back(find_column(name).cell(row));
    }
    return cells;
}

Table ProcessTable::table(const std::vector<ProcessRow>& rows) const {
    Table table{titles_};
    for (const ProcessRow& row : rows) {
        table.add(cells(row));
    }
    return table;
}

}  // namespace stack::cli
