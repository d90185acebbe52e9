#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "engine/runtime/cgroup.hpp"
#include "engine/runtime/cgroup_files.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

namespace fs = std::filesystem;

/// Waits until cgroup.events says `wanted` ("frozen 1"); the kernel reports each change of the file as POLLPRI.
void wait_for_event(const std::string& dir, const std::string& wanted) {
    const UniqueFd events = kernel::open_at(AT_FDCWD, dir + "/cgroup.events", O_RDONLY);
    for (;;) {
        if (::lseek(events.get(), 0, SEEK_SET) == 0 &&
            read_all(events.get(), "cgroup.events").find(wanted) != std::string::npos) {
            return;
        }
        pollfd polled{events.get(), POLLPRI, 0};
        if (::poll(&polled, 1, -1) < 0 && errno != EINTR) {
            throw SysError(errno, fmt::format("wait for '{}' to say '{}'", dir, wanted));
        }
    }
}

void set_frozen_v1(const CgroupPlacement& placement, bool frozen) {
    const std::string dir = v1_dir_with(placement, "freezer.state");
    if (dir.empty()) {
        throw Error(Errc::unsupported, "this host has no cgroup that can be frozen");
    }
    const std::string wanted = frozen ? "FROZEN" : "THAWED";
    // The v1 freezer gives no event, and may need to be told again when processes fork meanwhile
    // (freezer-subsystem.rst).
    do {
        write_file(dir + "/freezer.state", wanted);
    } while (trim(read_file(dir + "/freezer.state")) != wanted);
}

void set_frozen(const CgroupPlacement& placement, bool frozen) {
    if (placement.v2_dir.empty()) {
        set_frozen_v1(placement, frozen);
        return;
    }
    write_file(placement.v2_dir + "/cgroup.freeze", frozen ? "1" : "0");
    wait_for_event(placement.v2_dir, frozen ? "frozen 1" : "frozen 0");
}

void add_processes(const std::string& dir, std::set<pid_t>& pids) {
    const std::string text = find_file(dir + "/cgroup.procs").value_or("");
    for (const auto line : split(text, '\n')) {
        if (const auto pid = parse_int(line); pid && *pid > 0) {
            pids.insert(static_cast<pid_t>(*pid));
        }
    }
}

/// v1: signals one by one, again and again until no process is seen that had none before.
void kill_one_by_one(const CgroupPlacement& placement) {
    std::set<pid_t> signalled;
    for (bool news = true; news;) {
        news = false;
        for (const pid_t pid : processes_in(placement)) {
            if (signalled.insert(pid).second) {
                ::kill(pid, SIGKILL);
                news = true;
            }
        }
    }
}

}  // namespace

std::string v1_dir_with(const CgroupPlacement& placement, const std::string& file) {
    for (const std::string& dir : placement.v1_dirs) {
        if (::access((dir + "/" + file).c_str(), F_OK) == 0) {
            return dir;
        }
    }
    return {};
}

std::optional<std::uint64_t> keyed_value(const std::string& file, std::string_view key) {
    const std::string text = find_file(file).value_or("");
    for (const auto line : split(text, '\n')) {
        const auto blank = line.find(' ');
        if (blank != std::string_view::npos && line.substr(0, blank) == key) {
            return parse_uint(trim(line.substr(blank + 1)));
        }
    }
    return std::nullopt;
}

std::vector<pid_t> processes_in(const CgroupPlacement& placement) {
    const std::string root = !placement.v2_dir.empty()   ? placement.v2_dir
                             : placement.v1_dirs.empty() ? std::string{}
                                                         : placement.v1_dirs.front();
    std::set<pid_t> pids;
    if (!root.empty()) {
        add_processes(root, pids);
        std::error_code gone;
        for (fs::recursive_directory_iterator entry{root, gone}, end; entry != end; entry.increment(gone)) {
            if (gone) {
                break;
            }
            if (entry->is_directory(gone)) {
                add_processes(entry->path(), pids);
            }
        }
    }
    return {pids.begin(), pids.end()};
}

void enter_cgroup(const CgroupPlacement& placement, pid_t pid) {
    std::vector<std::string> dirs = placement.v1_dirs;
    if (!placement.v2_dir.empty()) {
        dirs.push_back(placement.v2_dir);
    }
    for (const std::string& dir : dirs) {
        try {
            write_file(dir + "/cgroup.procs", std::to_string(pid));
        } catch (const SysError& error) {
            if (error.err() != ESRCH) {
                throw;
            }
        }
    }
}

void kill_cgroup(const CgroupPlacement& placement) {
    if (!placement.v2_dir.empty()) {
        try {
            write_file(placement.v2_dir + "/cgroup.kill", "1");
            return;
        } catch (const SysError& error) {
            if (error.err() != ENOENT) {
                throw;
            }
            if (!fs::exists(placement.v2_dir)) {
                return;
            }
        }
    }
    kill_one_by_one(placement);
}

void freeze_cgroup(const CgroupPlacement& placement) {
    set_frozen(placement, true);
}

void thaw_cgroup(const CgroupPlacement& placement) {
    set_frozen(placement, false);
}

bool is_frozen(const CgroupPlacement& placement) {
    if (!placement.v2_dir.empty()) {
        return keyed_value(placement.v2_dir + "/cgroup.events", "frozen").value_or(0) != 0;
    }
    const std::string dir = v1_dir_with(placement, "freezer.state");
    return !dir.empty() && trim(read_file(dir + "/freezer.state")) != "THAWED";
}

UniqueFd open_cgroup_events(const CgroupPlacement& placement) {
    return placement.v2_dir.empty() ? UniqueFd{}
                                    : kernel::open_at(AT_FDCWD, placement.v2_dir + "/cgroup.events", O_RDONLY);
}

bool is_populated(const CgroupPlacement& placement) {
    if (!placement.v2_dir.empty()) {
        return keyed_value(placement.v2_dir + "/cgroup.events", "populated").value_or(0) != 0;
    }
    return !processes_in(placement).empty();
}

void wait_until_empty(const CgroupPlacement& placement) {
    if (!placement.v2_dir.empty()) {
        try {
            wait_for_event(placement.v2_dir, "populated 0");
        } catch (const SysError& error) {
            if (error.err() != ENOENT && error.err() != ENODEV) {
                throw;
            }
        }
        return;
    }
    for (auto pids = processes_in(placement); !pids.empty(); pids = processes_in(placement)) {
        try {
            const UniqueFd process = kernel::pidfd_open(pids.front());
            pollfd polled{process.get(), POLLIN, 0};
            ::poll(&polled, 1, -1);
        } catch (const SysError&) {
            continue;  // gone between two looks
        }
    }
}

std::uint64_t oom_kills(const CgroupPlacement& placement) {
    if (!placement.v2_dir.empty()) {
        if (const auto count = keyed_value(placement.v2_dir + "/memory.events", "oom_kill")) {
            return *count;
        }
    }
    const std::string dir = v1_dir_with(placement, "memory.oom_control");
    return dir.empty() ? 0 : keyed_value(dir + "/memory.oom_control", "oom_kill").value_or(0);
}

}  // namespace stack::runtime
