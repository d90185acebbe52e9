#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "desired/container_spec.hpp"
#include "engine/runtime/device_rules.hpp"
#include "engine/runtime/launch_plan.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {

/// Which cgroup hierarchies this host has. Three layouts are in use:
///   pure v2   one tree at /sys/fs/cgroup with all controllers
///   pure v1   one tree per controller, /sys/fs/cgroup/<controller>
///   mixed     v1 trees for the controllers, and a v2 tree (mostly /sys/fs/cgroup/unified) for grouping only
class CgroupHost {
public:
    /// Reads /proc/self/mountinfo and the v2 tree's cgroup.controllers.
    static CgroupHost detect();
    /// Finds the trees below another root; for tests with a made-up tree.
    static CgroupHost parse(std::string_view mountinfo, std::string_view v2_controllers);

    const std::string& v2_root() const noexcept { return v2_root_; }  ///< empty: there is none
    /// Mount point of a v1 controller's tree; empty if it is not mounted as v1.
    std::string v1_root(std::string_view controller) const;
    bool v2_has(std::string_view controller) const;
    bool pure_v2() const noexcept { return v1_roots_.empty() && !v2_root_.empty(); }
    /// Mount points of all trees.
    std::vector<std::string> roots() const;

private:
    std::string v2_root_;
    std::vector<std::string> v2_controllers_;
    std::map<std::string, std::string, std::less<>> v1_roots_;
};

struct CgroupSpec {
    std::string parent;  ///< path below each tree's root, e.g. "stack-1a2b3c4d"; with `cgroup_parent:` that path
    std::string name;    ///< the container's id
    desired::Resources resources;
    std::vector<DeviceRule> devices;  ///< device_rules()
};

/// Makes the container's cgroups and sets its limits, in the trees that are needed and no others. Idempotent.
/// Warnings are sentences about limits this kernel cannot keep. Throws Errc::invalid_input for values that the kernel
/// refuses, and removes what it has made.
CgroupPlacement create_cgroup(const CgroupHost& host, const CgroupSpec& spec, std::vector<std::string>& warnings);
/// The placement that create_cgroup gave, found again (adoption after a crash): whatever of it exists.
CgroupPlacement find_cgroup(const CgroupHost& host, const std::string& parent, const std::string& name);
/// Changes the limits of a running container (`docker update`): only what is set in `resources` is touched.
void update_cgroup(const CgroupHost& host, CgroupPlacement& placement, const desired::Resources& resources,
                   std::vector<std::string>& warnings);
/// Removes the cgroups (with those that the container made below). Absence is tolerated; SysError (EBUSY) while
/// processes live in it.
void remove_cgroup(const CgroupPlacement& placement);
/// Removes the engine's own cgroup `parent` in all trees where nothing is left below it; keeps it where there is.
void remove_parent_cgroup(const CgroupHost& host, const std::string& parent);

/// SIGKILL to every process in it: cgroup.kill (v2, Linux 5.14), else signals process by process till none is left.
void kill_cgroup(const CgroupPlacement& placement);
/// Stops and resumes all processes; returns when the kernel says it is done. cgroup.freeze (v2, 5.2) or v1 freezer.
void freeze_cgroup(const CgroupPlacement& placement);
void thaw_cgroup(const CgroupPlacement& placement);
bool is_frozen(const CgroupPlacement& placement);
/// Pids of all processes in it, those of cgroups below too.
std::vector<pid_t> processes_in(const CgroupPlacement& placement);
/// Moves a process in.
void enter_cgroup(const CgroupPlacement& placement, pid_t pid);

/// A descriptor to poll for POLLPRI: readable news in cgroup.events ("populated", "frozen"); empty fd without v2.
UniqueFd open_cgroup_events(const CgroupPlacement& placement);
bool is_populated(const CgroupPlacement& placement);
/// Blocks until no process lives in it; to be called after kill_cgroup().
void wait_until_empty(const CgroupPlacement& placement);
/// How many times the kernel's OOM killer struck in it (memory.events oom_kill, v1 memory.oom_control oom_kill).
std::uint64_t oom_kills(const CgroupPlacement& placement);

struct BlockUsage {
    std::uint64_t read_bytes{0}, written_bytes{0}, read_operations{0}, write_operations{0};
};
/// What a container uses now. Members are nullopt where no controller counts them for this container.
struct CgroupUsage {
    std::optional<std::uint64_t> cpu_ns, cpu_user_ns, cpu_system_ns, throttled_periods, throttled_ns;
    std::optional<std::uint64_t> memory;        ///< bytes without inactive page cache, as `docker stats` shows
    std::optional<std::uint64_t> memory_limit;  ///< bytes; the host's memory where there is no limit
    std::optional<std::uint64_t> pids, pids_limit;
    std::optional<BlockUsage> block;
};
CgroupUsage read_usage(const CgroupPlacement& placement);

}  // namespace stack::runtime
