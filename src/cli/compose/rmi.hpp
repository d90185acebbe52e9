#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "desired/desired_state.hpp"

namespace stack::cli {

/// The images of the project's containers and services; not `all`: only those that `build:` made without a name of
/// their own ("<project>-<service>").
std::vector<std::string> images_of(const Context& context, const desired::DesiredState& state, bool all);

/// Takes them away; what others still use is told and stays.
void remove_project_images(const Context& context, const std::vector<std::string>& names);

}  // namespace stack::cli
