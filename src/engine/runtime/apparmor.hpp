#pragma once

#include <string>
#include <string_view>

#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {

/// AppArmor, the security module that Debian and Ubuntu run by default: apparmor(7), apparmor.d(5).

/// The profile that confines containers which name none (apparmor.profile).
inline constexpr std::string_view default_apparmor_profile = "stack-default";

/// Whether the kernel runs AppArmor and its files are where policy is loaded: securityfs at /sys/kernel/security.
bool host_has_apparmor();

/// Whether a profile of that name is in the kernel.
bool apparmor_profile_is_loaded(std::string_view name);

/// Gives the kernel the default profile, once in the life of the process; loading what is loaded changes nothing, also
/// for those that run under it. Throws SysError.
void load_default_apparmor_profile();

/// /proc/self as the host has it, for confine_by_apparmor() after the change of root: what a container has at /proc may
/// be no procfs (CVE-2019-16884).
UniqueFd open_own_process();

/// From when on the calling process is under a profile: at its next execve(2), or at once.
enum class Confined { at_execve, now };
void confine_by_apparmor(int own_process, const std::string& profile, Confined when);

}  // namespace stack::runtime
