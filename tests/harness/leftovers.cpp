#include "harness/leftovers.hpp"

#include <csignal>
#include <filesystem>
#include <functional>

#include <fmt/format.h>
#include <net/if.h>
#include <sys/mount.h>
#include <unistd.h>

#include "harness/eventually.hpp"
#include "harness/process.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::testing {

namespace {

namespace fs = std::filesystem;

bool mentions(std::string_view text, const Paths& paths) {
    return text.find(paths.root().string()) != std::string_view::npos ||
           text.find(paths.run().string()) != std::string_view::npos;
}

/// The file's text, or nothing if it is gone or not ours to read.
std::string peek(const fs::path& file) {
    try {
        return find_file(file).value_or("");
    } catch (const std::exception&) {
        return {};
    }
}

void each_process(const Paths& paths, const std::function<void(pid_t, const std::string&)>& found) {
    for (const fs::directory_entry& entry : fs::directory_iterator{"/proc"}) {
        const std::optional<std::int64_t> pid = parse_int(entry.path().filename().string());
        if (!pid || *pid == ::getpid()) {
            continue;
        }
        const std::string command = peek(entry.path() / "cmdline");
        if (command.empty()) {
            continue;  // a kernel thread, or one that has ended and is not reaped yet
        }
        if (mentions(command, paths) || mentions(peek(entry.path() / "environ"), paths) ||
            peek(entry.path() / "cgroup").find(paths.tag()) != std::string::npos) {
            found(static_cast<pid_t>(*pid), replace_all(command, std::string(1, '\0'), " "));
        }
    }
}

void each_mount(const Paths& paths, const std::function<void(const std::string&)>& found) {
    const std::string table = peek("/proc/self/mountinfo");  // the lines are views into it
    for (std::string_view line : split(table, '\n')) {
        const std::vector<std::string_view> fields = split(line, ' ');
        if (fields.size() > 4 && mentions(fields[4], paths)) {
            found(std::string{fields[4]});
        }
    }
}

void each_link(const Paths& paths, const std::function<void(const std::string&)>& found) {
    struct if_nameindex* names = ::if_nameindex();
    for (struct if_nameindex* one = names; one && one->if_index != 0; ++one) {
        if (std::string_view{one->if_name}.find(paths.tag()) != std::string_view::npos) {
            found(one->if_name);
        }
    }
    ::if_freenameindex(names);
}

void each_table(const Paths& paths, const std::function<void(const std::string&)>& found) {
    const Result tables = run({.argv = {"nft", "list", "tables"}});
    for (std::string_view line : split(tables.out, '\n')) {
        if (line.find(paths.tag()) != std::string_view::npos) {
            found(std::string{line.substr(line.find(' ') + 1)});  // "inet stack_…"
        }
    }
}

/// Deepest first, so that they can be removed in this order.
void each_cgroup(const fs::path& dir, const Paths& paths, bool inside, int depth,
                 const std::function<void(const fs::path&)>& found) {
    std::error_code gone;
    for (const fs::directory_entry& entry : fs::directory_iterator{dir, gone}) {
        if (!entry.is_directory(gone) || entry.is_symlink(gone)) {
            continue;
        }
        const bool ours = inside || entry.path().filename().string().find(paths.tag()) != std::string::npos;
        if (ours || depth > 0) {
            each_cgroup(entry.path(), paths, ours, depth - 1, found);
        }
        if (ours) {
            found(entry.path());
        }
    }
}

void each_socket(const Paths& paths, const std::function<void(const std::string&)>& found) {
    const std::string table = peek("/proc/net/unix");
    for (std::string_view line : split(table, '\n')) {
        if (mentions(line, paths)) {
            found(std::string{line.substr(line.rfind(' ') + 1)});
        }
    }
}

/// Folders that hold one thing per container or running project.
void each_folder(const Paths& paths, const std::function<void(const fs::path&)>& found) {
    for (const fs::path& parent : {paths.containers(), paths.run() / "containers", paths.run() / "projects"}) {
        std::error_code absent;
        for (const fs::directory_entry& entry : fs::directory_iterator{parent, absent}) {
            found(entry.path());
        }
    }
}

}  // namespace

std::vector<std::string> leftovers(const Paths& paths) {
    std::vector<std::string> all;
    const auto tell = [&](const char* kind) {
        return [&all, kind](const auto& what) { all.push_back(fmt::format("{}: {}", kind, std::string{what})); };
    };
    each_process(paths, [&](pid_t pid, const std::string& command) {
        all.push_back(fmt::format("process {}: {}", pid, command));
    });
    each_mount(paths, tell("mount"));
    each_link(paths, tell("link"));
    each_table(paths, tell("nft table"));
    each_cgroup("/sys/fs/cgroup", paths, false, 4, tell("cgroup"));
    each_socket(paths, tell("socket"));
    each_folder(paths, tell("folder"));
    return all;
}

std::vector<pid_t> processes_named(const Paths& paths, std::string_view name) {
    std::vector<pid_t> pids;
    each_process(paths, [&](pid_t pid, const std::string&) {
        if (trim(peek(fmt::format("/proc/{}/comm", pid))) == name) {
            pids.push_back(pid);
        }
    });
    return pids;
}

std::vector<std::string> settled_leftovers(const Paths& paths) {
    std::vector<std::string> left;
    eventually([&] {
        left = leftovers(paths);
        return left.empty();
    });
    return left;
}

void sweep(const Paths& paths) {
    each_process(paths, [](pid_t pid, const std::string&) { ::kill(pid, SIGKILL); });
    eventually(
        [&] {
            bool any = false;
            each_process(paths, [&](pid_t, const std::string&) { any = true; });
            return !any;
        },
        std::chrono::seconds{5});
    std::vector<std::string> mounts;
    each_mount(paths, [&](const std::string& target) { mounts.push_back(target); });
    for (auto target = mounts.rbegin(); target != mounts.rend(); ++target) {
        ::umount2(target->c_str(), MNT_DETACH);
    }
    each_link(paths, [](const std::string& name) { run({.argv = {"ip", "link", "delete", name}}); });
    each_table(paths, [](const std::string& table) {
        const size_t blank = table.find(' ');
        run({.argv = {"nft", "delete", "table", table.substr(0, blank), table.substr(blank + 1)}});
    });
    each_cgroup("/sys/fs/cgroup", paths, false, 4, [](const fs::path& dir) { ::rmdir(dir.c_str()); });
    std::error_code ignored;
    each_folder(paths, [&](const fs::path& dir) { fs::remove_all(dir, ignored); });
}

}  // namespace stack::testing
