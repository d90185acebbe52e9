#pragma once

#include <string>
#include <string_view>

namespace stack::cli {

constexpr std::string_view version = STACK_VERSION;
constexpr std::string_view compiler = "g++ " __VERSION__;

/// The name Docker has for uname's machine: "x86_64" is "amd64".
std::string docker_architecture(std::string_view machine);

}  // namespace stack::cli
