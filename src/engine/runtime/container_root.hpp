#pragma once

#include "engine/runtime/launch.hpp"
#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// In the child, in its own mount namespace: puts the container's root together and makes it the process's root, with
/// nothing of the host's mounts left. In this order, because each step relies on the one before:
///
///   sources of bind mounts are taken hold of, then all mounts made private; files are written
///   the overlay is mounted, attached, pivot_root(2), the old root detached
///   /proc, /dev, /sys … and the mounts of the plan, targets resolved inside the root only
///   sysctls are written while /proc/sys is writable
///   masked and read-only paths; the root itself read-only
void build_container_root(const LaunchPlan& plan, const LaunchFds& fds);

}  // namespace stack::runtime
