#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace stack::runtime {

/// Everything that the new process must do is decided here, before it exists: the child walks this list and decides
/// nothing. A plan travels from the worker to the keeper as bytes (serialize/parse) and is kept in the container's run
/// directory, where `exec` reads it. Descriptors travel beside it (LaunchFds in launch.hpp).

/// Where the processes of one container are accounted and limited. Made by cgroup.hpp.
struct CgroupPlacement {
    std::string v2_dir;                ///< absolute; empty where no v2 tree is mounted
    std::vector<std::string> v1_dirs;  ///< absolute, one per v1 hierarchy that is needed
};

struct Rlimit {
    int resource{0};  ///< RLIMIT_*
    std::string name;
    std::uint64_t soft{0}, hard{0};  ///< RLIM_INFINITY = no limit
};

/// A capability set is a bit mask, bit N = capability N of <linux/capability.h>.
using CapabilityMask = std::uint64_t;

/// What the last steps before execve(2) need: the same for a container's first process and for exec.
struct ProcessPlan {
    std::vector<std::string> args;  ///< args[0] is looked up in PATH of `env` inside the root
    std::vector<std::string> env;
    std::string cwd{"/"};
    bool create_cwd{false};  ///< make a missing working directory (Docker does, at start only)
    std::string user;        ///< "", "name", "uid", "name:group", "uid:gid": resolved inside the root by the child
    std::vector<std::string> additional_groups;  ///< names or numbers, resolved like `user`
    CapabilityMask capabilities{0};              ///< bounding, and effective where the user is root
    bool no_new_privileges{false};
    std::string seccomp_file;  ///< compiled BPF (seccomp.hpp), an absolute host path; empty: unconfined
    std::string apparmor_profile;
    std::vector<Rlimit> rlimits;
    std::optional<int> oom_score_adj;
    bool tty{false};
    std::uint16_t rows{0}, columns{0};  ///< first size of the terminal, 0 = leave it
};

struct IdMapping {
    std::uint32_t inside{0}, outside{0}, count{0};
};

/// One mount below the container's root, in order. Targets are resolved inside the root; missing ones are made there.
struct MountStep {
    enum class Kind : std::uint8_t { bind, overlay, tmpfs, proc, sysfs, cgroup, mqueue, devpts, dev };
    Kind kind{Kind::bind};
    std::string source;               ///< bind: absolute host path
    std::string target;               ///< absolute in the container
    std::string data;                 ///< tmpfs, devpts: mount data ("size=65536k,mode=1777")
    std::uint64_t flags{0};           ///< MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | …
    bool recursive{true};             ///< bind: take along what is mounted below the source
    bool recursive_ro{false};         ///< MS_RDONLY goes for the mounts below too (mount_setattr(2), Linux 5.12)
    std::uint64_t propagation{0};     ///< MS_PRIVATE (0 means this), MS_SLAVE, MS_SHARED, each | MS_REC
    std::vector<std::string> layers;  ///< overlay: host folders, lowest first; the mount is read-only
    std::string subpath;              ///< bind, overlay: below the source, resolved inside it
    std::vector<IdMapping> uid_map, gid_map;  ///< bind: idmapped, "inside" as the container sees a file's owner
};

/// A file laid into the container: kept on a tmpfs of the container's own mount namespace, read-only bound to its
/// place.
struct FileStep {
    std::string target;
    std::string content;
    std::string host_path;  ///< read by the child before it leaves the host's root, where `content` is not used
    std::string uid, gid;   ///< number or name inside the root; empty = 0
    std::uint32_t mode{0444};
};

struct DeviceStep {
    std::string path;  ///< in the container
    std::uint32_t type_and_mode{0};
    std::uint32_t major{0}, minor{0};
    std::uint32_t uid{0}, gid{0};
};

struct RootfsPlan {
    std::vector<std::string> layers;  ///< host folders, lowest first; as image/ keeps them
    std::string upper, work;          ///< host folders; both empty: the root is read-only, without a layer of its own
    std::string mount_point;          ///< host folder where the root is put together, inside the new mount namespace
    std::string overlay_options;      ///< further words, e.g. "volatile"
    bool read_only{false};
    std::int64_t storage_limit{
        0};  ///< bytes that the project of `upper` and `work` may have (storage_limit.hpp); 0: any
};

/// What becomes of each namespace. `join`: the fd comes in LaunchFds.
enum class NamespaceMode : std::uint8_t { create, host, join };
struct NamespacePlan {
    NamespaceMode network{NamespaceMode::join}, pid{NamespaceMode::create}, ipc{NamespaceMode::create},
        uts{NamespaceMode::create}, cgroup{NamespaceMode::create}, user{NamespaceMode::host};
};

struct Sysctl {
    std::string name;  ///< below /proc/sys: "net/core/somaxconn"
    std::string value;
};

struct LaunchPlan {
    std::string container_id;
    RootfsPlan rootfs;
    std::vector<MountStep> mounts;
    std::vector<FileStep> files;
    std::vector<DeviceStep> devices;  ///< besides the usual ones in /dev
    std::vector<std::string> masked_paths, read_only_paths;
    std::vector<Sysctl> sysctls;
    std::string hostname, domainname;
    NamespacePlan namespaces;
    std::vector<IdMapping> uid_map, gid_map;  ///< with a user namespace of its own
    CgroupPlacement cgroup;
    bool init{false};  ///< our own PID 1 forwards signals and reaps
    ProcessPlan process;
};

/// A further process in a running container.
struct ExecPlan {
    ProcessPlan process;
    CgroupPlacement cgroup;
    bool own_user_namespace{false};
};

/// Compact bytes with a version in front. `parse` throws Errc::invalid_input on bytes of another version or cut ones.
std::string serialize(const LaunchPlan& plan);
std::string serialize(const ExecPlan& plan);
LaunchPlan parse_launch_plan(std::string_view bytes);
ExecPlan parse_exec_plan(std::string_view bytes);

}  // namespace stack::runtime
