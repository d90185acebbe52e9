#pragma once

#include <string>
#include <vector>

#include "desired/container_spec.hpp"
#include "engine/runtime/cdi/registry.hpp"

namespace stack::runtime::cdi {

/// The full names of the CDI devices that a container asks for: those it names, and what `gpus`, `deploy…devices` and
/// `--gpus` say by number or id. A driver "nvidia" stands for nvidia.com; without one the vendor is taken that has
/// devices of the wanted class, nvidia.com before others. Throws Errc::not_found, Errc::conflict if several vendors
/// would do.
std::vector<std::string> device_names(const std::vector<desired::DeviceRequest>& requests, const Registry& registry);

}  // namespace stack::runtime::cdi
