#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/state/container_row.hpp"

namespace stack {
class Database;
}

namespace stack::engine {

/// What a list is narrowed to; unset members do not narrow.
struct ContainerFilter {
    std::optional<std::string> project;
    std::optional<std::string> service;
    std::optional<bool> one_off;
};

/// The rows of table `containers`. Reads see what any supervisor has committed; each write is one transaction.
/// Borrows the database, which must outlive it. One per thread, as the connection.
class ContainerStore {
public:
    /// Makes the table if it is not there.
    explicit ContainerStore(const Database& database);

    /// Throws Errc::conflict with Docker's words if the name is taken.
    void insert(const ContainerRow& row);
    /// Writes every column of a known id. False if the row is gone.
    bool update(const ContainerRow& row);
    /// Throws Errc::conflict if the name is taken.
    void rename(const std::string& id, const std::string& name);
    void remove(const std::string& id);

    /// Both check that the pid of a running row is still the process it was (`vanished`).
    std::vector<ContainerRow> list(const ContainerFilter& filter = {}) const;  ///< newest first
    std::optional<ContainerRow> find_id(const std::string& id) const;

    /// By whole id, by name ("/web" too), or by a unique prefix of an id, in this order, as Docker does.
    /// Throws Errc::invalid_input "multiple IDs found with provided prefix: …".
    std::optional<ContainerRow> find(std::string_view name_or_id) const;
    /// As find; throws Errc::not_found "no such container: …".
    ContainerRow get(std::string_view name_or_id) const;

    /// Names of the projects that have containers, sorted.
    std::vector<std::string> projects() const;
    /// Names of the services of a project that have containers, one-off ones aside, sorted.
    std::vector<std::string> services(const std::string& project) const;

private:
    std::vector<ContainerRow> select(const std::string& where, const std::vector<std::string>& parameters) const;
    const Database& database_;
};

/// True while the process that the row tells of lives: pid and start time agree, and it is no zombie.
bool is_alive(const ContainerRow& row);

}  // namespace stack::engine
