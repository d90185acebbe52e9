#pragma once

#include <filesystem>
#include <string>

#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// Path of the compiled filter for a profile: Docker's JSON (`profile`), or our default, which answers as Docker's
/// does, when `profile` is empty. What the container's capabilities open or close is part of it. libseccomp takes
/// milliseconds to compile, so the result is kept in `cache` under the digest of what it was made from; files there are
/// replaced atomically and never change.
/// Throws Errc::invalid_input for a profile that is no profile.
std::filesystem::path compiled_seccomp_filter(const std::string& profile, CapabilityMask capabilities,
                                              const std::filesystem::path& cache);

}  // namespace stack::runtime
