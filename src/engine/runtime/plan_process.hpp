#pragma once

#include <string>
#include <vector>

#include "engine/runtime/plan_launch.hpp"

namespace stack::runtime {

/// Command, environment, user, capabilities, seccomp, limits. Docker's rules: an `entrypoint` of the spec clears the
/// image's command; a `command` replaces it.
ProcessPlan plan_process(const LaunchInput& input, const std::string& hostname, std::vector<std::string>& warnings);

/// `more` wins; "NAME" without "=" takes the variable away; order of first appearance is kept.
std::vector<std::string> merge_environment(const std::vector<std::string>& base, const std::vector<std::string>& more);

}  // namespace stack::runtime
