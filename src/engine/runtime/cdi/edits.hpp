#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "desired/container_spec.hpp"
#include "engine/runtime/device_rules.hpp"
#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// What the CDI devices of a container add to it.
struct DeviceEdits {
    std::vector<std::string> env;
    std::vector<DeviceStep> nodes;
    std::vector<DeviceRule> rules;
    std::vector<MountStep> mounts;
    std::vector<std::string> groups;
    std::vector<std::string> warnings;
};

namespace cdi {
/// Looks the container's `device_requests` up in the CDI files of these folders. Reads nothing if there are none.
/// Throws Errc::not_found for a device that no file describes or a node or file that the host does not have,
/// Errc::unsupported for edits that this engine cannot make.
DeviceEdits device_edits(const desired::ContainerSpec& spec, const std::vector<std::filesystem::path>& folders);
}  // namespace cdi

}  // namespace stack::runtime
