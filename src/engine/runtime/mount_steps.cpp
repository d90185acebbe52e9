#include "engine/runtime/mount_steps.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/runtime/device_nodes.hpp"
#include "engine/runtime/root_paths.hpp"
#include "engine/runtime/rootfs.hpp"
#include "engine/runtime/user_namespace.hpp"
#include "engine/runtime/users.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/mounts.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

UniqueFd clone_tree(const std::string& path, bool recursive) {
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? unsigned{AT_RECURSIVE} : 0U);
    return UniqueFd{check(::open_tree(AT_FDCWD, path.c_str(), flags),
                          [&] { return fmt::format("take hold of the bind mount's source '{}'", path); })};
}

/// A folder or file below a source: a container may have put a link there, so it is resolved inside the source.
UniqueFd clone_below(const std::string& source, const std::string& subpath, bool recursive) {
    if (subpath.empty()) {
        return clone_tree(source, recursive);
    }
    const UniqueFd root = kernel::open_at(AT_FDCWD, source, O_PATH | O_DIRECTORY);
    const UniqueFd place = kernel::open_in_root(root.get(), subpath, O_PATH);
    const unsigned flags =
        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? unsigned{AT_RECURSIVE} : 0U);
    return UniqueFd{check(::open_tree(place.get(), "", flags),
                          [&] { return fmt::format("take hold of '{}' below '{}'", subpath, source); })};
}

/// /dev/shm of the container whose IPC namespace is joined: it lies in that container's mount namespace.
UniqueFd clone_shm_of(int container) {
    const UniqueFd own = kernel::open_at(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY);
    const UniqueFd old_root = kernel::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
    kernel::enter_namespace(container, CLONE_NEWNS);
    UniqueFd tree = clone_tree("/dev/shm", false);
    kernel::enter_namespace(own.get(), CLONE_NEWNS);
    check(::fchdir(old_root.get()), [] { return "return to the host's root"; });
    check(::chroot("."), [] { return "return to the host's root"; });
    return tree;
}

std::uint64_t attributes_of(std::uint64_t flags) {
    std::uint64_t attributes = 0;
    attributes |= (flags & MS_RDONLY) != 0 ? std::uint64_t{MOUNT_ATTR_RDONLY} : 0;
    attributes |= (flags & MS_NOSUID) != 0 ? std::uint64_t{MOUNT_ATTR_NOSUID} : 0;
    attributes |= (flags & MS_NODEV) != 0 ? std::uint64_t{MOUNT_ATTR_NODEV} : 0;
    attributes |= (flags & MS_NOEXEC) != 0 ? std::uint64_t{MOUNT_ATTR_NOEXEC} : 0;
    attributes |= (flags & MS_NOATIME) != 0 ? std::uint64_t{MOUNT_ATTR_NOATIME} : 0;
    return attributes;
}

void set_attributes(int tree, const MountStep& step) {
    mount_attr attributes{};
    attributes.attr_set = attributes_of(step.flags);
    if (attributes.attr_set != 0) {
        const unsigned how = AT_EMPTY_PATH | (step.recursive_ro ? unsigned{AT_RECURSIVE} : 0U);
        check(::mount_setattr(tree, "", how, &attributes, sizeof attributes),
              [&] { return fmt::format("set the flags of the mount at '{}'", step.target); });
    }
}

/// Cloned trees stay in their source's peer group until it is said otherwise: MS_PRIVATE unless the plan wants more.
void set_propagation(int tree, const MountStep& step) {
    const std::uint64_t wanted = step.propagation == 0 ? MS_PRIVATE | MS_REC : step.propagation;
    mount_attr attributes{};
    attributes.propagation = wanted & ~std::uint64_t{MS_REC};
    const unsigned how = AT_EMPTY_PATH | ((wanted & MS_REC) != 0 ? unsigned{AT_RECURSIVE} : 0U);
    check(::mount_setattr(tree, "", how, &attributes, sizeof attributes),
          [&] { return fmt::format("set the propagation of the mount at '{}'", step.target); });
}

bool is_folder(int fd) {
    struct stat info {};
    check(::fstat(fd, &info), [] { return "stat a mount's source"; });
    return S_ISDIR(info.st_mode);
}

/// Where a mount of the user's goes. Never inside /proc, wherever links of the image lead: it could hide what the masks
/// hide, or hand out what they hide (CVE-2023-27561). A few harmless files are commonly replaced (lxcfs).
UniqueFd user_place(int root, const std::string& target, Missing kind) {
    static constexpr std::array<std::string_view, 11> replaceable = {"/proc/cpuinfo",
                                                                     "/proc/diskstats",
                                                                     "/proc/meminfo",
                                                                     "/proc/stat",
                                                                     "/proc/swaps",
                                                                     "/proc/uptime",
                                                                     "/proc/loadavg",
                                                                     "/proc/slabinfo",
                                                                     "/proc/net/dev",
                                                                     "/proc/sys/kernel/ns_last_pid",
                                                                     "/proc/sys/crypto/fips_enabled"};
    UniqueFd place = ensure_in_root(root, target, kind);
    struct statfs info {};
    check(::fstatfs(place.get(), &info), [&] { return fmt::format("look at '{}'", target); });
    if (info.f_type == PROC_SUPER_MAGIC &&
        std::find(replaceable.begin(), replaceable.end(), target) == replaceable.end()) {
        throw Error(Errc::invalid_input, fmt::format("'{}' lies inside /proc, where nothing can be mounted", target));
    }
    return place;
}

void attach(int root, int tree, const std::string& target) {
    const UniqueFd place = user_place(root, target, is_folder(tree) ? Missing::folder : Missing::file);
    check(::move_mount(tree, "", place.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
          [&] { return fmt::format("attach the mount at '{}'", target); });
}

/// mount(2) takes no descriptor as target: the working directory stands for it, so that no name is resolved twice.
void mount_here(int folder, const MountStep& step, const char* type) {
    check(::fchdir(folder), [&] { return fmt::format("enter '{}'", step.target); });
    const int result = ::mount(type, ".", type, static_cast<unsigned long>(step.flags),
                               step.data.empty() ? nullptr : step.data.c_str());
    const int err = errno;
    check(::chdir("/"), [] { return "return to the root"; });
    if (result != 0) {
        const std::string with = step.data.empty() ? "" : fmt::format(" with '{}'", step.data);
        throw SysError(err, fmt::format("mount {} on '{}'{}", type, step.target, with));
    }
}

/// /proc, /sys and /dev must be real folders of the image: a link there would put them, and with them the masks, where
/// the container can move them (CVE-2019-19921).
UniqueFd system_folder(int root, const MountStep& step) {
    UniqueFd folder = find_in_root(root, step.target, O_PATH | O_NOFOLLOW);
    if (!folder) {
        folder = ensure_in_root(root, step.target, Missing::folder);
    }
    if (!is_folder(folder.get())) {
        throw Error(Errc::invalid_input, fmt::format("'{}' in the image is not a folder", step.target));
    }
    return folder;
}

void mount_tmpfs(int root, const MountStep& step) {
    const UniqueFd place = user_place(root, step.target, Missing::folder);
    mount_here(place.get(), step, "tmpfs");
}

void mount_dev(int root, const MountStep& step) {
    const UniqueFd place = system_folder(root, step);
    mount_here(place.get(), step, "tmpfs");
    const UniqueFd mounted = kernel::open_in_root(root, step.target, O_RDONLY | O_DIRECTORY);
    fill_dev(mounted.get());
}

void map_owners(int tree, const MountStep& step) {
    const UniqueFd users = user_namespace_with(step.uid_map, step.gid_map);
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<std::uint64_t>(users.get());
    check(::mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes),
          [&] { return fmt::format("map the owners of the mount at '{}'", step.target); });
}

void mount_bind(int root, const MountStep& step, int tree) {
    set_propagation(tree, step);
    if (!step.uid_map.empty()) {
        map_owners(tree, step);
    }
    set_attributes(tree, step);
    attach(root, tree, step.target);
}

void perform(int root, const MountStep& step, int source) {
    switch (step.kind) {
        case MountStep::Kind::bind:
        case MountStep::Kind::overlay:
            return mount_bind(root, step, source);
        case MountStep::Kind::tmpfs:
            return mount_tmpfs(root, step);
        case MountStep::Kind::dev:
            return mount_dev(root, step);
        case MountStep::Kind::proc:
            return mount_here(system_folder(root, step).get(), step, "proc");
        case MountStep::Kind::sysfs:
            return mount_here(system_folder(root, step).get(), step, "sysfs");
        case MountStep::Kind::devpts:
            return mount_here(system_folder(root, step).get(), step, "devpts");
        case MountStep::Kind::mqueue:
            return mount_here(system_folder(root, step).get(), step, "mqueue");
        case MountStep::Kind::cgroup:
            return mount_here(system_folder(root, step).get(), step, step.data.empty() ? "cgroup2" : "cgroup");
    }
}

void write_owned(const std::string& path, const FileStep& file, const UserFiles& users) {
    const std::string content = file.host_path.empty() ? file.content : read_file(file.host_path);
    const UniqueFd fd = kernel::open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    write_all(fd.get(), content, file.target);
    check(::fchown(fd.get(), resolve_uid(users, file.uid), resolve_gid(users, file.gid)),
          [&] { return fmt::format("give '{}' to its owner", file.target); });
    check(::fchmod(fd.get(), file.mode), [&] { return fmt::format("set the mode of '{}'", file.target); });
}

}  // namespace

std::vector<UniqueFd> take_sources(const std::vector<MountStep>& steps, int ipc_container) {
    std::vector<UniqueFd> sources(steps.size());
    for (size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].kind == MountStep::Kind::bind) {
            sources[i] = steps[i].source.empty() && ipc_container >= 0
                             ? clone_shm_of(ipc_container)
                             : clone_below(steps[i].source, steps[i].subpath, steps[i].recursive);
        }
    }
    return sources;
}

void take_overlays(const std::vector<MountStep>& steps, const std::string& mount_point,
                   std::vector<UniqueFd>& sources) {
    for (size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].kind != MountStep::Kind::overlay) {
            continue;
        }
        RootfsPlan layers;
        layers.layers = steps[i].layers;
        layers.mount_point = mount_point;
        UniqueFd overlay = mount_overlay_detached(layers);
        if (!steps[i].subpath.empty()) {
            // A part can be cloned only from an attached mount (before Linux 6.15).
            check(::move_mount(overlay.get(), "", AT_FDCWD, mount_point.c_str(), MOVE_MOUNT_F_EMPTY_PATH),
                  [] { return "attach an image"; });
            const kernel::ScopedMount attached{mount_point};
            overlay = clone_below(mount_point, steps[i].subpath, false);
        }
        sources[i] = std::move(overlay);
    }
}

void perform_mounts(int root, const std::vector<MountStep>& steps, std::vector<UniqueFd>& sources) {
    for (size_t i = 0; i < steps.size(); ++i) {
        while_doing(fmt::format("mount '{}'", steps[i].target), [&] { perform(root, steps[i], sources[i].get()); });
        sources[i].reset();
    }
}

std::vector<UniqueFd> make_files(const std::vector<FileStep>& files, int root, const std::string& mount_point) {
    std::vector<UniqueFd> trees;
    if (files.empty()) {
        return trees;
    }
    const UserFiles users = read_user_files(root);
    kernel::mount_at("tmpfs", mount_point, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700");
    for (const FileStep& file : files) {
        while_doing(fmt::format("write '{}'", file.target), [&] {
            const std::string path = fmt::format("{}/{}", mount_point, trees.size());
            write_owned(path, file, users);
            trees.push_back(clone_tree(path, false));
        });
    }
    return trees;
}

void attach_files(int root, const std::vector<FileStep>& files, std::vector<UniqueFd>& sources) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    for (size_t i = 0; i < files.size(); ++i) {
        while_doing(fmt::format("lay '{}' into the container", files[i].target), [&] {
            check(::mount_setattr(sources[i].get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
                  [] { return "make the file read-only"; });
            attach(root, sources[i].get(), files[i].target);
        });
        sources[i].reset();
    }
}

}  // namespace stack::runtime
