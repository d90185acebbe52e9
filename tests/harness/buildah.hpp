#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/process.hpp"

namespace stack::testing {

/// Debian's buildah with a store of its own in `folder`/buildah: what it builds tells what images have to be like.
class Buildah {
public:
    explicit Buildah(std::filesystem::path folder) : folder_{std::move(folder)} {}

    static bool is_installed();

    /// What `buildah WORDS` said, run in `cwd` (empty: ours).
    Result run(std::vector<std::string> words, const std::filesystem::path& cwd = {}) const;

private:
    std::filesystem::path folder_;
};

}  // namespace stack::testing
