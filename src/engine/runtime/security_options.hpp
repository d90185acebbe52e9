#pragma once

#include "engine/runtime/plan_launch.hpp"

namespace stack::runtime {

/// `security_opt` and what follows from `privileged`: no_new_privs, seccomp, AppArmor. Words that mean something only
/// where SELinux runs give a warning. Throws Errc::invalid_input for unknown words.
void apply_security_options(const LaunchInput& input, ProcessPlan& process, std::vector<std::string>& warnings);

/// The AppArmor profile that a container asks for, or "unconfined"; whether the host has AppArmor is not asked.
std::string apparmor_profile_of(const desired::ContainerSpec& spec);

}  // namespace stack::runtime
