#pragma once

#include <vector>

#include "engine/runtime/plan_launch.hpp"

namespace stack::runtime {

/// The default mounts, the files that the engine writes (/etc/hosts …), then the user's mounts from the shortest target
/// to the longest, so that one inside another comes later. A user's mount at a default's target replaces it.
std::vector<MountStep> plan_mounts(const LaunchInput& input, const NamespacePlan& namespaces);

/// Nodes for `devices:`; a folder of the host gives all nodes in it. With `privileged` all of the host's /dev.
/// Throws Errc::not_found for a device that the host does not have.
std::vector<DeviceStep> plan_devices(const desired::ContainerSpec& spec);

}  // namespace stack::runtime
