#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// A comparison of one argument, seccomp_rule_add(3). `op` is an scmp_compare.
struct SyscallArgument {
    unsigned index{0};
    int op{0};
    std::uint64_t value{0}, second{0};  ///< for a masked comparison: mask and wanted value
};

struct SyscallRule {
    std::vector<std::string> names;
    std::uint32_t action{0};  ///< SCMP_ACT_*
    std::vector<SyscallArgument> arguments;
};

/// A profile with its conditions (capabilities, architectures, kernel) decided.
struct SeccompProfile {
    std::uint32_t default_action{0};
    std::vector<std::uint32_t> extra_architectures;  ///< SCMP_ARCH_* besides the native one
    std::vector<SyscallRule> rules;
};

/// The default profile for a container with these capabilities. What is on no list answers EPERM; clone3(2) answers
/// ENOSYS, because libraries then use clone(2), whose flags a filter can see.
SeccompProfile default_seccomp_profile(CapabilityMask capabilities);

/// Docker's JSON (docs.docker.com/engine/security/seccomp): `names` or `name`, `includes` and `excludes` by capability,
/// architecture and kernel. Throws Errc::invalid_input.
SeccompProfile parse_seccomp_profile(std::string_view json, CapabilityMask capabilities);

/// The filter as an array of sock_filter. System calls that are younger than libseccomp's tables answer ENOSYS, as an
/// old kernel would, unless the profile names them.
std::string compile_seccomp_profile(const SeccompProfile& profile);

}  // namespace stack::runtime
