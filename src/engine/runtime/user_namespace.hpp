#pragma once

#include <vector>

#include "engine/runtime/launch_plan.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {

/// A user namespace that nobody lives in, for mount_setattr(2) MOUNT_ATTR_IDMAP. It is made by a short-lived child
/// whose maps the caller writes (user_namespaces(7)), through the /proc that is mounted.
UniqueFd user_namespace_with(const std::vector<IdMapping>& uid_map, const std::vector<IdMapping>& gid_map);

}  // namespace stack::runtime
