#include "support/paths.hpp"

#include <cstdlib>

#include "support/digest.hpp"

namespace stack {
namespace {

std::filesystem::path from_variable(const char* name, const char* fallback) {
    const char* value = std::getenv(name);
    return std::filesystem::absolute(value && *value ? value : fallback).lexically_normal();
}

}  // namespace

Paths::Paths(std::filesystem::path root, std::filesystem::path run)
    : root_{std::move(root)},
      run_{std::move(run)},
      tag_{sha256_hex(root_.string() + '\0' + run_.string()).substr(0, 8)} {}

Paths Paths::from_environment() {
    return {from_variable("STACK_ROOT", "/var/lib/stack"), from_variable("STACK_RUN", "/run/stack")};
}

}  // namespace stack
