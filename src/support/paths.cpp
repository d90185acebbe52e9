#include "support/paths.hpp"

#include <cstdlib>

#include <fmt/format.h>
#include <zlib.h>

namespace stack {
namespace {

std::filesystem::path from_variable(const char* name, const char* fallback) {
    const char* value = std::getenv(name);
    return std::filesystem::absolute(value && *value ? value : fallback).lexically_normal();
}

// Every command begins with this: a cryptographic hash would cost it OpenSSL's initialisation, and nobody gains by
// making two roots of one host collide.
std::string checksum(const std::string& text) {
    const auto* bytes = reinterpret_cast<const Bytef*>(text.data());
    return fmt::format("{:08x}", crc32_z(0, bytes, text.size()));
}

}  // namespace

Paths::Paths(std::filesystem::path root, std::filesystem::path run)
    : root_{std::move(root)}, run_{std::move(run)}, tag_{checksum(root_.string() + '\0' + run_.string())} {}

Paths Paths::from_environment() {
    return {from_variable("STACK_ROOT", "/var/lib/stack"), from_variable("STACK_RUN", "/run/stack")};
}

}  // namespace stack
