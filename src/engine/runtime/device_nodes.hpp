#pragma once

#include <vector>

#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// In the child: the usual nodes and links of a fresh /dev (OCI runtime-spec "Default Devices"), in the folder `dev`.
void fill_dev(int dev);
/// In the child: further nodes, parents made as needed, resolved inside `root`.
void make_devices(int root, const std::vector<DeviceStep>& devices);

}  // namespace stack::runtime
