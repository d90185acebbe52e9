#include "engine/runtime/seccomp.hpp"

namespace stack::runtime {
std::filesystem::path compiled_seccomp_filter(const std::string&, CapabilityMask, const std::filesystem::path&) {
    return {};
}
}  // namespace stack::runtime
