#include "engine/runtime/container_root.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/runtime/device_nodes.hpp"
#include "engine/runtime/mount_steps.hpp"
#include "engine/runtime/root_paths.hpp"
#include "engine/runtime/rootfs.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/mounts.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

/// Nothing that is mounted here from now on reaches the host. Mounts that were shared stay in their peer group only as
/// the trees that take_sources() cloned before.
void make_all_private() {
    check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), [] { return "make all mounts private"; });
}

void attach_and_enter(int overlay, const std::string& mount_point) {
    check(::move_mount(overlay, "", AT_FDCWD, mount_point.c_str(), MOVE_MOUNT_F_EMPTY_PATH),
          [&] { return fmt::format("attach the root at '{}'", mount_point); });
    check(::chdir(mount_point.c_str()), [] { return "enter the new root"; });
    // pivot_root(2) "pivot_root(".", ".")": the old root comes to lie on the new one and is detached from there.
    check(::syscall(SYS_pivot_root, ".", "."), [] { return "pivot_root"; });
    check(::umount2(".", MNT_DETACH), [] { return "detach the host's root"; });
    check(::chdir("/"), [] { return "enter the new root"; });
}

void write_sysctls(const std::vector<Sysctl>& sysctls) {
    for (const Sysctl& sysctl : sysctls) {
        const std::string file = "/proc/sys/" + sysctl.name;
        try {
            write_file(file, sysctl.value);
        } catch (const SysError& error) {
            const char* why = error.err() == ENOENT   ? ": this kernel has no such setting"
                              : error.err() == EINVAL ? ": the kernel does not take this value"
                                                      : "";
            throw SysError(error.err(), fmt::format("set sysctl '{}' to '{}'{}", sysctl.name, sysctl.value, why));
        }
    }
}

/// Hides files behind /dev/null, and folders behind one empty read-only tmpfs that they share.
void mask_all(const std::vector<std::string>& paths) {
    std::string first_folder;
    for (const std::string& path : paths) {
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) {
            continue;  // this kernel has no such file
        }
        if (!S_ISDIR(info.st_mode)) {
            kernel::mount_at("/dev/null", path, "", MS_BIND);
        } else if (first_folder.empty()) {
            kernel::mount_at("tmpfs", path, "tmpfs", MS_RDONLY, "size=0k,nr_inodes=1");
            first_folder = path;
        } else {
            kernel::mount_at(first_folder, path, "", MS_BIND);
        }
    }
}

void protect(const std::string& path) {
    if (::mount(path.c_str(), path.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
        if (errno == ENOENT) {
            return;
        }
        throw SysError(errno, fmt::format("bind '{}' onto itself", path));
    }
    kernel::mount_at(path, path, "", MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
}

void make_root_read_only() {
    check(::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
          [] { return "make the root read-only"; });
}

}  // namespace

void build_container_root(const LaunchPlan& plan, const LaunchFds& fds) {
    std::vector<UniqueFd> sources = take_sources(plan.mounts, fds.ipc_namespace);
    make_all_private();
    take_overlays(plan.mounts, plan.rootfs.mount_point, sources);
    const UniqueFd overlay = mount_overlay_detached(plan.rootfs);
    std::vector<UniqueFd> files = make_files(plan.files, overlay.get(), plan.rootfs.mount_point);
    attach_and_enter(overlay.get(), plan.rootfs.mount_point);

    const UniqueFd root = kernel::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
    perform_mounts(root.get(), plan.mounts, sources);
    attach_files(root.get(), plan.files, files);
    make_devices(root.get(), plan.devices);
    write_sysctls(plan.sysctls);
    mask_all(plan.masked_paths);
    for (const std::string& path : plan.read_only_paths) {
        protect(path);
    }
    if (plan.rootfs.read_only) {
        // The last moment at which a missing working directory can be made.
        if (plan.process.create_cwd && !plan.process.cwd.empty()) {
            const UniqueFd made = ensure_in_root(root.get(), plan.process.cwd, Missing::folder);
        }
        make_root_read_only();
    }
}

}  // namespace stack::runtime
