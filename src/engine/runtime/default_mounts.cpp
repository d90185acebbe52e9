#include "engine/runtime/default_mounts.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <sys/mount.h>

#include "support/text.hpp"

namespace stack::runtime {
namespace {

constexpr std::uint64_t closed = MS_NOSUID | MS_NODEV | MS_NOEXEC;

MountStep step(MountStep::Kind kind, std::string target, std::uint64_t flags, std::string data = {}) {
    MountStep made;
    made.kind = kind;
    made.target = std::move(target);
    made.flags = flags;
    made.data = std::move(data);
    return made;
}

MountStep bind(std::string source, std::string target, std::uint64_t flags) {
    MountStep made = step(MountStep::Kind::bind, std::move(target), flags);
    made.source = std::move(source);
    return made;
}

/// v2, and mixed without limits: the v2 tree itself. Else a tmpfs with the hierarchies in which the container has a
/// cgroup of its own.
/// Inside a cgroup namespace each shows the container's own cgroup as its root (cgroup_namespaces(7)).
void add_cgroup(std::vector<MountStep>& mounts, const CgroupPlacement& cgroup, std::uint64_t read_only) {
    const std::string root = "/sys/fs/cgroup";
    if (cgroup.v1_dirs.empty()) {
        if (!cgroup.v2_dir.empty()) {
            mounts.push_back(step(MountStep::Kind::cgroup, root, closed | read_only));
        }
        return;
    }
    mounts.push_back(step(MountStep::Kind::tmpfs, root, closed, "mode=755"));
    for (const std::string& dir : cgroup.v1_dirs) {
        const auto names = split(dir, '/');  // "", "sys", "fs", "cgroup", "memory", …
        if (names.size() > 4) {
            const std::string controller{names[4]};
            mounts.push_back(
                step(MountStep::Kind::cgroup, fmt::format("{}/{}", root, controller), closed | read_only, controller));
        }
    }
    if (!cgroup.v2_dir.empty()) {
        mounts.push_back(step(MountStep::Kind::cgroup, root + "/unified", closed | read_only));
    }
    if (read_only != 0) {
        mounts.push_back(step(MountStep::Kind::tmpfs, root, MS_REMOUNT | MS_BIND | MS_RDONLY | closed));
    }
}

}  // namespace

std::vector<MountStep> default_mounts(const desired::ContainerSpec& spec, const NamespacePlan& namespaces,
                                      const CgroupPlacement& cgroup) {
    using Kind = MountStep::Kind;
    const std::uint64_t read_only = spec.privileged ? 0 : MS_RDONLY;
    constexpr std::int64_t default_shm_size = std::int64_t{64} << 20U;
    std::vector<MountStep> mounts;
    mounts.push_back(step(Kind::proc, "/proc", closed));
    mounts.push_back(step(Kind::dev, "/dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
    mounts.push_back(
        step(Kind::devpts, "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"));
    mounts.push_back(step(Kind::sysfs, "/sys", closed | read_only));
    add_cgroup(mounts, cgroup, read_only);
    if (namespaces.ipc == NamespaceMode::host) {
        mounts.push_back(bind("/dev/mqueue", "/dev/mqueue", closed));
        mounts.push_back(bind("/dev/shm", "/dev/shm", closed));
        std::error_code ignored;
        if (!std::filesystem::exists("/dev/mqueue", ignored)) {
            mounts.erase(mounts.end() - 2);
        }
    } else {
        mounts.push_back(step(Kind::mqueue, "/dev/mqueue", closed));
        if (namespaces.ipc == NamespaceMode::join) {
            mounts.push_back(bind("", "/dev/shm", closed));
        } else if (spec.ipc != "none") {
            mounts.push_back(
                step(Kind::tmpfs, "/dev/shm", closed,
                     fmt::format("mode=1777,size={}", spec.shm_size > 0 ? spec.shm_size : default_shm_size)));
        }
    }
    return mounts;
}

std::vector<std::string> default_masked_paths() {
    return {"/proc/acpi",        "/proc/asound",        "/proc/interrupts", "/proc/kcore",
            "/proc/keys",        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
            "/proc/sched_debug", "/proc/scsi",          "/sys/firmware",    "/sys/devices/virtual/powercap"};
}

std::vector<std::string> default_read_only_paths() {
    return {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

}  // namespace stack::runtime
