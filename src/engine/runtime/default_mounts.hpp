#pragma once

#include <vector>

#include "desired/container_spec.hpp"
#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// /proc, /dev, /dev/pts, /sys, /sys/fs/cgroup, /dev/mqueue and /dev/shm as Docker mounts them.
std::vector<MountStep> default_mounts(const desired::ContainerSpec& spec, const NamespacePlan& namespaces,
                                      const CgroupPlacement& cgroup);

/// What Docker hides and protects in /proc and /sys; empty for privileged and systempaths=unconfined.
std::vector<std::string> default_masked_paths();
std::vector<std::string> default_read_only_paths();

}  // namespace stack::runtime
