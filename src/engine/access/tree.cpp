#include "engine/access/tree.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "desired/json.hpp"
#include "engine/container_files.hpp"
#include "engine/runtime/root_paths.hpp"
#include "engine/runtime/rootfs.hpp"
#include "engine/runtime/storage_limit.hpp"
#include "engine/state/container_store.hpp"
#include "image/store.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/mounts.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::engine {
namespace {

runtime::RootfsPlan rootfs_of(const Paths& paths, const ContainerRow& row) {
    const image::ImageStore images{paths};
    const auto image = images.find_by_id(row.image_id);
    if (!image) {
        throw Error(Errc::not_found, fmt::format("the image of container '{}' is not there any more", row.name));
    }
    runtime::RootfsPlan rootfs;
    for (const auto& layer : images.layer_dirs(*image)) {
        rootfs.layers.push_back(layer);
    }
    const auto folder = paths.container(row.id);
    rootfs.upper = folder / "upper";
    rootfs.work = folder / "work";
    rootfs.mount_point = folder / "merged";
    // It may never have been started.
    rootfs.storage_limit = runtime::make_storage(folder, desired::container_spec_from_json(row.spec_json).storage_opt);
    return rootfs;
}

/// Binds a volume or a folder of the host to its place below `root`.
void bind_below(int root, const MountRow& mount) {
    const UniqueFd source{::open_tree(AT_FDCWD, mount.source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
    if (!source) {
        return;  // gone: the next start will say so
    }
    const bool is_folder = std::filesystem::is_directory(mount.source);
    const UniqueFd target =
        runtime::ensure_in_root(root, mount.destination, is_folder ? runtime::Missing::folder : runtime::Missing::file);
    if (!mount.read_write) {
        mount_attr attributes{};
        attributes.attr_set = MOUNT_ATTR_RDONLY;
        check(::mount_setattr(source.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
              [&] { return fmt::format("make the mount for '{}' read-only", mount.destination); });
    }
    check(::move_mount(source.get(), "", target.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
          [&] { return fmt::format("mount '{}' on '{}'", mount.source, mount.destination); });
}

UniqueFd assemble_root(const Paths& paths, const ContainerRow& row) {
    const runtime::RootfsPlan rootfs = rootfs_of(paths, row);
    check(::unshare(CLONE_NEWNS), [] { return "make a mount namespace"; });
    kernel::mount_at("none", "/", "", MS_REC | MS_PRIVATE);
    const UniqueFd overlay = runtime::mount_rootfs_private(rootfs);
    check(::move_mount(overlay.get(), "", AT_FDCWD, rootfs.mount_point.c_str(), MOVE_MOUNT_F_EMPTY_PATH),
          [&] { return fmt::format("mount the root of container '{}'", row.name); });
    UniqueFd root = kernel::open_at(AT_FDCWD, rootfs.mount_point, O_PATH | O_DIRECTORY);
    auto mounts = row.mounts;
    std::sort(mounts.begin(), mounts.end(),
              [](const MountRow& a, const MountRow& b) { return a.destination < b.destination; });
    for (const MountRow& mount : mounts) {
        if (mount.type == "volume" || mount.type == "bind") {
            bind_below(root.get(), mount);
        }
    }
    return root;
}

}  // namespace

runtime::LaunchPlan container_plan(const Paths& paths, const ContainerRow& row) {
    if (const auto text = find_file(launch_plan_file(paths, row.id))) {
        return runtime::parse_launch_plan(*text);
    }
    runtime::LaunchPlan plan;
    plan.container_id = row.id;
    plan.rootfs = rootfs_of(paths, row);
    // Places that every start makes, see plan_mounts.cpp.
    std::vector<std::string> places{"/proc", "/sys", "/dev", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};
    for (const MountRow& mount : row.mounts) {
        places.push_back(mount.destination);
    }
    for (const std::string& place : places) {
        runtime::MountStep& step = plan.mounts.emplace_back();
        step.target = place;
    }
    for (const auto& file : desired::container_spec_from_json(row.spec_json).files) {
        plan.files.emplace_back().target = file.target;
    }
    return plan;
}

UniqueFd open_container_root(const Paths& paths, const ContainerRow& row) {
    if (row.vanished || (row.status != ContainerStatus::running && row.status != ContainerStatus::paused)) {
        return assemble_root(paths, row);
    }
    const UniqueFd pidfd = kernel::pidfd_open(static_cast<pid_t>(row.pid));
    if (!is_alive(row)) {
        throw Error(Errc::conflict, fmt::format("container '{}' has ended just now", row.name));
    }
    return runtime::open_running_root(static_cast<pid_t>(row.pid), pidfd.get());
}

UniqueFd open_container_layers(const Paths& paths, const ContainerRow& row) {
    runtime::RootfsPlan rootfs = rootfs_of(paths, row);
    // As one more layer below nothing: what the container writes meanwhile goes to its own mount.
    rootfs.layers.push_back(rootfs.upper);
    rootfs.upper.clear();
    rootfs.work.clear();
    return runtime::mount_overlay_detached(rootfs);
}

}  // namespace stack::engine
