#pragma once

#include <string>

#include "engine/runtime/launch_plan.hpp"
#include "support/kernel/mounts.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {

/// An overlay of `plan.layers` and its upper folder that is attached nowhere: fsmount(2)'s descriptor, usable as a
/// directory for *at calls and for move_mount(2), gone when closed. For cp, commit, diff and build on containers that
/// do not run, without touching any mount table. Layers: lowerdir+ (Linux 6.7), before that one string of names that
/// are descriptors' numbers; where that is longer than fsconfig(2) takes, the mount is attached to `plan.mount_point`
/// for a moment.
UniqueFd mount_overlay_detached(const RootfsPlan& plan);

/// A root for `cp`, `commit` and `build` on a container that does not run.
UniqueFd mount_rootfs_private(const RootfsPlan& plan);

/// The root of a running container: a directory descriptor resolved through /proc/PID/root; check the pidfd after it.
UniqueFd open_running_root(pid_t pid, int pidfd);

}  // namespace stack::runtime
