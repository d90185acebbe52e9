#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/state/container_store.hpp"
#include "support/database.hpp"
#include "support/paths.hpp"

namespace stack::cli {

/// Reading the state database from a command. A root that nobody has used yet is simply empty: looking makes nothing.
class StateView {
public:
    explicit StateView(const Paths& paths);

    /// Newest first.
    std::vector<engine::ContainerRow> list(const engine::ContainerFilter& filter = {}) const;
    std::optional<engine::ContainerRow> find(std::string_view name_or_id) const;
    /// Throws Errc::not_found "no such container: …".
    engine::ContainerRow get(std::string_view name_or_id) const;
    std::vector<std::string> projects() const;
    /// Services of a project that have containers, one-off ones aside, sorted.
    std::vector<std::string> services(const std::string& project) const;

    /// Containers of a project in the order of service and replica, one-off ones last; only `services` if any are
    /// named. Throws Errc::not_found if one of them has no container at all.
    std::vector<engine::ContainerRow> of_project(const std::string& project,
                                                 const std::vector<std::string>& services = {},
                                                 bool with_one_off = false) const;
    /// The container of a service: replica `index`, or the first one that is up. Throws Errc::not_found
    /// "service 'web' is not running".
    engine::ContainerRow replica(const std::string& project, const std::string& service,
                                 std::optional<long> index) const;

private:
    std::optional<Database> database_;
    std::optional<engine::ContainerStore> store_;
};

}  // namespace stack::cli
