#pragma once

#include <string>
#include <string_view>

#include "desired/desired_state.hpp"

namespace stack::desired {

/// Compact JSON of the whole value; members with their default value are left out.
std::string to_json(const DesiredState& state);
std::string to_json(const ContainerSpec& spec);

/// Read what to_json wrote (also by an older version: unknown members are ignored, missing ones keep their default).
/// Throws Errc::invalid_input.
DesiredState desired_state_from_json(std::string_view text);
ContainerSpec container_spec_from_json(std::string_view text);

}  // namespace stack::desired
