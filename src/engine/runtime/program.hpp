#pragma once

#include <string>
#include <vector>

#include "engine/runtime/launch.hpp"

namespace stack::runtime {

/// Arguments and environment as execve(2) wants them, made before privileges are dropped.
class Program {
public:
    Program(std::vector<std::string> args, std::vector<std::string> env);
    /// Replaces the process; comes back only to say why it could not. Names without a slash are looked up in PATH of
    /// the new environment.
    LaunchFailure execute() const;

private:
    std::vector<std::string> args_, env_;
    std::vector<char*> argv_, envp_;
    std::vector<std::string> candidates_;
};

}  // namespace stack::runtime
