#pragma once

#include <string>

#include "cli/flags.hpp"

namespace stack::cli {

/// "https://index.docker.io/v1/" and "docker.io" are the same registry.
/// None means Docker Hub.
inline std::string login_domain(const Flags& flags) {
    std::string server = flags.words().empty() ? "docker.io" : flags.words()[0];
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (server.starts_with(scheme)) {
            server.erase(0, scheme.size());
        }
    }
    server.resize(std::min(server.find('/'), server.size()));
    return server == "index.docker.io" || server == "registry-1.docker.io" ? "docker.io" : server;
}

}  // namespace stack::cli
