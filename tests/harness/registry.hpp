#pragma once

#include <filesystem>
#include <string>

#include "harness/process.hpp"

namespace stack::testing {

/// Debian's docker-registry on a port of 127.0.0.1, with its data in `folder`. `more` is appended to its configuration.
class Registry {
public:
    explicit Registry(const std::filesystem::path& folder, const std::string& more = "");

    /// "127.0.0.1:12345"
    std::string address() const;
    /// What it has logged so far: a line per request.
    std::string log() const;

private:
    int port_;
    std::filesystem::path log_;
    Process process_;
};

}  // namespace stack::testing
