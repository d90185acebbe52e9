#pragma once

#include "compose/node.hpp"
#include "compose/project.hpp"

namespace stack::compose {

/// Parts of read_project(): one service, its build and deploy sections.
Service read_service(const Member& member);
Build read_build(const Node& node);
Deploy read_deploy(const Node& node);
std::vector<DeviceRequest> read_device_requests(const Node& node, std::string_view key);

}  // namespace stack::compose
