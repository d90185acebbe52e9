#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/process.hpp"

namespace stack::testing {

/// A Docker Engine of a test's own: Debian's docker.io with its data, its socket and its containerd in `folder`, in
/// namespaces where it can do no harm to another one. It ends with this object.
class DockerEngine {
public:
    /// dockerd in PATH; empty where it is not installed.
    static std::optional<std::filesystem::path> find_program();

    DockerEngine(const std::filesystem::path& program, const std::filesystem::path& folder);
    ~DockerEngine();
    DockerEngine(const DockerEngine&) = delete;
    DockerEngine& operator=(const DockerEngine&) = delete;

    Result docker(const std::vector<std::string>& words) const;

private:
    std::filesystem::path program_, folder_;
    std::unique_ptr<Process> process_;
};

}  // namespace stack::testing
