#pragma once

#include <vector>

#include "desired/container_spec.hpp"
#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// Only settings that belong to a namespace of the container's own can be set; any other would change the host.
/// Throws Errc::invalid_input for the others.
std::vector<Sysctl> plan_sysctls(const desired::StringMap& sysctls, const NamespacePlan& namespaces);

}  // namespace stack::runtime
