#include <algorithm>
#include <filesystem>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/runtime/cgroup.hpp"
#include "engine/runtime/cgroup_limits.hpp"
#include "engine/runtime/device_filter.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/rollback.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

namespace fs = std::filesystem;

/// Empty if no cgroup can have that name.
std::string find_group_path(const std::string& parent, const std::string& name) {
    const std::string both = parent + "/" + name;
    std::string path;
    for (const auto part : split(both, '/')) {
        if (part == ".." || part == ".") {
            return {};
        }
        if (!part.empty()) {
            path += "/" + std::string{part};
        }
    }
    return path;
}

std::string group_path(const std::string& parent, const std::string& name) {
    std::string path = find_group_path(parent, name);
    if (path.empty()) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is no name for a cgroup", parent))
            .hint("write cgroup_parent without '.' and '..' as parts");
    }
    return path;
}

void make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
        throw SysError(errno, fmt::format("make the cgroup '{}'", path));
    }
}

/// Folders from the tree's root down; `visit` sees each level's parent before the level is made.
template <class Visit>
std::string make_levels(const std::string& root, const std::string& path, Visit&& visit) {
    std::string level = root;
    for (const auto part : split(std::string_view{path}.substr(1), '/')) {
        visit(level);
        level += "/" + std::string{part};
        make_folder(level);
    }
    return level;
}

/// cgroup-v2.rst "Enabling and Disabling": a controller is there in a cgroup if its parent's subtree_control names it.
void enable_controllers(const std::string& level, const std::vector<std::string>& controllers) {
    const std::string enabled = " " + std::string{trim(read_file(level + "/cgroup.subtree_control"))} + " ";
    std::string words;
    for (const std::string& controller : controllers) {
        if (enabled.find(" " + controller + " ") == std::string::npos) {
            words += (words.empty() ? "+" : " +") + controller;
        }
    }
    if (words.empty()) {
        return;
    }
    try {
        write_file(level + "/cgroup.subtree_control", words);
    } catch (SysError& error) {
        if (error.err() == EBUSY) {  // cgroup-v2.rst "No Internal Process Constraint"
            error.set_hint(
                fmt::format("processes live in the cgroup '{}' itself, so that it cannot give '{}' to "
                            "cgroups below; move them into a cgroup of their own or name another cgroup_parent",
                            level, words));
        }
        throw;
    }
}

/// For a cgroup that is there: it has a controller only if every level above it hands that on.
void enable_above(const CgroupHost& host, const std::string& path, const std::vector<std::string>& controllers) {
    std::string level = host.v2_root();
    for (const auto part : split(std::string_view{path}.substr(1), '/')) {
        enable_controllers(level, controllers);
        level += "/" + std::string{part};
    }
}

/// Controllers that count for every container, and those that a limit needs.
std::vector<std::string> wanted_v2_controllers(const CgroupHost& host, const std::vector<CgroupSetting>& settings) {
    std::vector<std::string> wanted;
    for (const char* controller : {"cpu", "memory", "pids", "io"}) {
        if (host.v2_has(controller)) {
            wanted.emplace_back(controller);
        }
    }
    const bool cpuset =
        std::any_of(settings.begin(), settings.end(), [](const auto& s) { return s.controller == "cpuset"; });
    if (cpuset && host.v2_has("cpuset")) {
        wanted.emplace_back("cpuset");
    }
    return wanted;
}

/// What to do about a value that is well formed and not possible on this host.
std::string way_out(const CgroupSetting& setting) {
    if (setting.file == "cpuset.cpus") {
        return fmt::format("this host has the cpus {}", trim(read_file("/sys/devices/system/cpu/online")));
    }
    if (setting.file == "cpuset.mems") {
        return fmt::format("this host has the memory nodes {}", trim(read_file("/sys/devices/system/node/online")));
    }
    if (setting.file == "cpu.rt_runtime_us") {
        return "the cgroup above has no real-time share to give: write one to its cpu.rt_runtime_us first";
    }
    return {};
}

void write_setting(const std::string& dir, const CgroupSetting& setting, std::vector<std::string>& warnings) {
    try {
        write_file(dir + "/" + setting.file, setting.value);
    } catch (const SysError& error) {
        const bool missing = error.err() == ENOENT || error.err() == EOPNOTSUPP || error.err() == EACCES;
        if (setting.optional && missing) {
            warnings.push_back(fmt::format("this kernel has no '{}': that limit has no effect", setting.file));
            return;
        }
        if (error.err() == EINVAL || error.err() == ERANGE || error.err() == ENODEV || error.err() == EBUSY) {
            throw Error(Errc::invalid_input,
                        fmt::format("the kernel refuses {} = '{}': {}", setting.file, setting.value, error.what()))
                .hint(way_out(setting));
        }
        throw;
    }
}

/// v1 memory: the limit must not be above memory and swap together, so the order depends on which way it goes.
void write_settings(const std::string& dir, const std::vector<CgroupSetting>& settings,
                    std::vector<std::string>& warnings) {
    for (size_t i = 0; i < settings.size(); ++i) {
        const bool memory_first = settings[i].file == "memory.limit_in_bytes" && i + 1 < settings.size() &&
                                  settings[i + 1].file == "memory.memsw.limit_in_bytes";
        if (!memory_first) {
            write_setting(dir, settings[i], warnings);
            continue;
        }
        try {
            write_setting(dir, settings[i], warnings);
        } catch (const Error&) {
            write_setting(dir, settings[i + 1], warnings);
            write_setting(dir, settings[i], warnings);
        }
    }
}

/// v1 cpuset: a new cgroup has neither CPUs nor memory nodes and takes no process before it has both.
void inherit_cpuset(const std::string& parent, const std::string& dir) {
    for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
        if (trim(read_file(dir + file)).empty()) {
            write_file(dir + file, trim(read_file(parent + file)));
        }
    }
}

std::string make_v1_group(const CgroupHost& host, const std::string& controller, const std::string& path) {
    const std::string root = host.v1_root(controller);
    std::string above = root;
    std::string level = root;
    for (const auto part : split(std::string_view{path}.substr(1), '/')) {
        above = level;
        level += "/" + std::string{part};
        make_folder(level);
        if (controller == "cpuset") {
            inherit_cpuset(above, level);
        }
    }
    return level;
}

std::vector<CgroupSetting> of_controller(const std::vector<CgroupSetting>& settings, const std::string& controller) {
    std::vector<CgroupSetting> some;
    std::copy_if(settings.begin(), settings.end(), std::back_inserter(some),
                 [&](const CgroupSetting& setting) { return setting.controller == controller; });
    return some;
}

void write_v1_devices(const std::string& dir, const std::vector<DeviceRule>& rules) {
    write_file(dir + "/devices.deny", "a");
    for (const DeviceRule& rule : rules) {
        write_file(dir + "/devices.allow", to_string(rule));
    }
}

/// The list of every container is attached once, at the engine's own cgroup, and holds for all below; only a container
/// with another list carries a program of its own, which overrides it.
void filter_devices(const std::string& dir, const std::vector<DeviceRule>& rules, bool parent_is_ours) {
    const UniqueFd group = kernel::open_at(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY);
    if (!parent_is_ours) {
        attach_device_filter(group.get(), rules);
        return;
    }
    const UniqueFd parent = kernel::open_at(AT_FDCWD, fs::path{dir}.parent_path(), O_RDONLY | O_DIRECTORY);
    if (!has_device_filter(parent.get())) {
        attach_device_filter(parent.get(), default_device_rules());
    }
    if (rules != default_device_rules()) {
        attach_device_filter(group.get(), rules);
    }
}

/// The engine's own cgroups are named "stack-<tag>"; a cgroup_parent is somebody else's.
bool is_engine_parent(const std::string& parent) {
    return parent.rfind("stack-", 0) == 0 && parent.find('/') == std::string::npos;
}

void add_v1_group(const CgroupHost& host, CgroupPlacement& placement, const std::string& controller,
                  const std::string& path, Rollback& undo) {
    std::string dir = make_v1_group(host, controller, path);
    if (std::find(placement.v1_dirs.begin(), placement.v1_dirs.end(), dir) == placement.v1_dirs.end()) {
        undo.on_failure([dir] { ::rmdir(dir.c_str()); });
        placement.v1_dirs.push_back(std::move(dir));
    }
}

void check_v1_controllers(const CgroupHost& host, const std::vector<CgroupSetting>& settings) {
    for (const CgroupSetting& setting : settings) {
        if (host.v1_root(setting.controller).empty()) {
            throw Error(Errc::unsupported,
                        fmt::format("this host has no cgroup controller '{}', which the limit '{}' needs",
                                    setting.controller, setting.file));
        }
    }
}

void check_v2_controllers(const CgroupHost& host, const std::vector<CgroupSetting>& settings) {
    for (const CgroupSetting& setting : settings) {
        if (!host.v2_has(setting.controller)) {
            throw Error(Errc::unsupported,
                        fmt::format("this host has no cgroup controller '{}', which the limit '{}' needs",
                                    setting.controller, setting.file));
        }
    }
}

void create_v2(const CgroupHost& host, const CgroupSpec& spec, const std::string& path, CgroupPlacement& placement,
               std::vector<std::string>& warnings, Rollback& undo) {
    std::vector<CgroupSetting> settings;
    std::vector<std::string> controllers;
    if (host.pure_v2()) {
        settings = v2_settings(spec.resources, warnings);
        check_v2_controllers(host, settings);
        controllers = wanted_v2_controllers(host, settings);
    }
    placement.v2_dir = make_levels(host.v2_root(), path, [&](const std::string& level) {
        if (!controllers.empty()) {
            enable_controllers(level, controllers);
        }
    });
    undo.on_failure([dir = placement.v2_dir] { ::rmdir(dir.c_str()); });
    write_settings(placement.v2_dir, settings, warnings);
    filter_devices(placement.v2_dir, spec.devices, is_engine_parent(spec.parent));
}

/// Joining a v1 hierarchy costs the kernel an RCU grace period, so the mixed layout takes part only in those with a
/// limit. Pure v1 needs more of them: nothing else keeps the processes together, freezes, counts and filters devices.
void create_v1(const CgroupHost& host, const CgroupSpec& spec, const std::string& path, CgroupPlacement& placement,
               std::vector<std::string>& warnings, Rollback& undo) {
    const std::vector<CgroupSetting> settings = v1_settings(spec.resources);
    check_v1_controllers(host, settings);
    std::set<std::string> controllers;
    for (const CgroupSetting& setting : settings) {
        controllers.insert(setting.controller);
    }
    if (placement.v2_dir.empty()) {
        for (const char* controller : {"freezer", "devices", "memory", "cpuacct", "pids", "blkio"}) {
            if (!host.v1_root(controller).empty()) {
                controllers.insert(controller);
            }
        }
    }
    for (const std::string& controller : controllers) {
        add_v1_group(host, placement, controller, path, undo);
        const std::string dir = host.v1_root(controller) + path;
        write_settings(dir, of_controller(settings, controller), warnings);
        if (controller == "devices") {
            write_v1_devices(dir, spec.devices);
        }
    }
}

std::string path_below_root(const CgroupHost& host, const CgroupPlacement& placement) {
    if (!placement.v2_dir.empty()) {
        return placement.v2_dir.substr(host.v2_root().size());
    }
    for (const char* controller : {"freezer", "devices", "memory", "cpuacct", "pids", "blkio"}) {
        const std::string root = host.v1_root(controller);
        for (const std::string& dir : placement.v1_dirs) {
            if (!root.empty() && dir.rfind(root + "/", 0) == 0) {
                return dir.substr(root.size());
            }
        }
    }
    throw Error(Errc::not_found, "the container has no cgroup any more");
}

}  // namespace

CgroupPlacement create_cgroup(const CgroupHost& host, const CgroupSpec& spec, std::vector<std::string>& warnings) {
    const std::string path = group_path(spec.parent, spec.name);
    CgroupPlacement placement;
    Rollback undo;
    if (!host.v2_root().empty()) {
        create_v2(host, spec, path, placement, warnings, undo);
    }
    if (!host.pure_v2()) {
        create_v1(host, spec, path, placement, warnings, undo);
    }
    undo.keep();
    return placement;
}

CgroupPlacement find_cgroup(const CgroupHost& host, const std::string& parent, const std::string& name) {
    // A container that never started because of its cgroup_parent has none: whoever looks after it is not stopped by
    // that.
    const std::string path = find_group_path(parent, name);
    CgroupPlacement placement;
    if (path.empty()) {
        return placement;
    }
    std::error_code ignored;
    if (!host.v2_root().empty() && fs::exists(host.v2_root() + path, ignored)) {
        placement.v2_dir = host.v2_root() + path;
    }
    std::set<std::string> dirs;
    for (const char* controller : {"memory", "cpu", "cpuacct", "cpuset", "pids", "blkio", "devices", "freezer"}) {
        const std::string root = host.v1_root(controller);
        if (!root.empty() && fs::exists(root + path, ignored)) {
            dirs.insert(root + path);
        }
    }
    placement.v1_dirs.assign(dirs.begin(), dirs.end());
    return placement;
}

void update_cgroup(const CgroupHost& host, CgroupPlacement& placement, const desired::Resources& resources,
                   std::vector<std::string>& warnings) {
    if (host.pure_v2()) {
        const auto settings = v2_settings(resources, warnings);
        check_v2_controllers(host, settings);
        enable_above(host, path_below_root(host, placement), wanted_v2_controllers(host, settings));
        write_settings(placement.v2_dir, settings, warnings);
        return;
    }
    const auto settings = v1_settings(resources);
    check_v1_controllers(host, settings);
    const std::string path = path_below_root(host, placement);
    Rollback undo;
    const CgroupPlacement before = placement;
    std::set<std::string> controllers;
    for (const CgroupSetting& setting : settings) {
        controllers.insert(setting.controller);
    }
    for (const std::string& controller : controllers) {
        add_v1_group(host, placement, controller, path, undo);
        write_settings(host.v1_root(controller) + path, of_controller(settings, controller), warnings);
    }
    undo.keep();
    if (placement.v1_dirs.size() != before.v1_dirs.size()) {
        for (const pid_t pid : processes_in(before)) {
            enter_cgroup(placement, pid);
        }
    }
}

void remove_cgroup(const CgroupPlacement& placement) {
    std::vector<std::string> dirs = placement.v1_dirs;
    if (!placement.v2_dir.empty()) {
        dirs.push_back(placement.v2_dir);
    }
    for (const std::string& dir : dirs) {
        if (::rmdir(dir.c_str()) == 0 || errno == ENOENT) {
            continue;
        }
        std::vector<std::string> below;
        std::error_code gone;
        for (const auto& entry : fs::recursive_directory_iterator(dir, gone)) {
            if (entry.is_directory(gone)) {
                below.push_back(entry.path());
            }
        }
        for (auto path = below.rbegin(); path != below.rend(); ++path) {
            ::rmdir(path->c_str());
        }
        if (::rmdir(dir.c_str()) != 0 && errno != ENOENT) {
            throw SysError(errno, fmt::format("remove the cgroup '{}'", dir));
        }
    }
}

void remove_parent_cgroup(const CgroupHost& host, const std::string& parent) {
    for (const std::string& root : host.roots()) {
        const std::string dir = root + group_path(parent, "");
        if (::rmdir(dir.c_str()) != 0 && errno != ENOENT && errno != EBUSY && errno != ENOTEMPTY) {
            throw SysError(errno, fmt::format("remove the cgroup '{}'", dir));
        }
    }
}

}  // namespace stack::runtime
