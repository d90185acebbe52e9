#pragma once

#include <string>

#include "desired/desired_state.hpp"

namespace stack::desired {

/// 64 hex digits over everything that makes a running container different: the container spec with resolved image, its
/// name. Positions, scale and dependencies do not count. The content of secrets, configs and env files is in the spec,
/// so a changed content changes the hash.
std::string config_hash(const ServiceSpec& service);

}  // namespace stack::desired
