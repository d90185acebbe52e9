#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/database.hpp"

namespace stack::build {

/// A step that was carried out before.
struct CachedStep {
    std::string chain_id, diff_id;
    std::int64_t created_unix{0};
};

/// Which layer a step gave, by key. The key is a digest over everything the step's outcome may depend on: the layer
/// below, the command with its environment, the files it reads. Layers named here are pinned in the image store.
class BuildCache {
public:
    explicit BuildCache(const Database& database);

    std::optional<CachedStep> find(const std::string& key) const;
    void put(const std::string& key, const CachedStep& step, const std::string& description) const;
    void forget(const std::string& key) const;
    /// Keys not used since `unix_time`.
    std::vector<std::string> unused_since(std::int64_t unix_time) const;

    /// Under which name the image store keeps a step's layer.
    static std::string pin_of(const std::string& key) { return "buildcache:" + key; }

private:
    const Database& database_;
};

}  // namespace stack::build
