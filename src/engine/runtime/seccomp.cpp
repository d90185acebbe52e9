#include "engine/runtime/seccomp.hpp"

#include <fmt/format.h>

#include "engine/runtime/seccomp_profile.hpp"
#include "support/digest.hpp"
#include "support/files.hpp"

namespace stack::runtime {
namespace {

// Part of the files' names: to be raised whenever the tables or the compiler of filters change.
constexpr int generation = 2;

std::string cache_name(const std::string& profile, CapabilityMask capabilities) {
    const std::string source = profile.empty() ? "default" : sha256_hex(profile);
    return fmt::format("{}-{:x}-{}.bpf", source, capabilities, generation);
}

}  // namespace

std::filesystem::path compiled_seccomp_filter(const std::string& profile, CapabilityMask capabilities,
                                              const std::filesystem::path& cache) {
    const std::filesystem::path file = cache / cache_name(profile, capabilities);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        const SeccompProfile chosen =
            profile.empty() ? default_seccomp_profile(capabilities) : parse_seccomp_profile(profile, capabilities);
        std::filesystem::create_directories(cache);
        replace_file(file, compile_seccomp_profile(chosen), 0644);
    }
    return file;
}

}  // namespace stack::runtime
