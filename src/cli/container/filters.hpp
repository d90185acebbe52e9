#pragma once

#include <string>
#include <vector>

#include "engine/state/container_row.hpp"

namespace stack::cli {

/// `--filter KEY=VALUE` of `docker ps`: values of one key are alternatives, keys narrow each other.
/// Throws UsageError "invalid filter '…'" for an unknown key or a malformed value.
class ContainerFilters {
public:
    explicit ContainerFilters(const std::vector<std::string>& words);
    bool match(const engine::ContainerRow& row) const;
    /// Whether containers that do not run are meant, too.
    bool about_status() const;

private:
    struct Filter {
        std::string key, value;
    };
    std::vector<Filter> filters_;
};

}  // namespace stack::cli
