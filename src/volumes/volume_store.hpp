#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "desired/desired_state.hpp"
#include "support/database.hpp"
#include "support/paths.hpp"

namespace stack::volumes {

using desired::StringMap;
using desired::Strings;

/// One volume as the database knows it.
struct Volume {
    std::string name;
    std::string driver{"local"};
    StringMap driver_opts, labels;
    bool anonymous{false};
    std::chrono::system_clock::time_point created;
    std::filesystem::path mountpoint;  ///< volumes/<name>/_data
};

/// Names of the containers that use a volume, running or not. The engine knows them; the store only asks.
using UsersOf = std::function<Strings(const std::string& volume)>;

/// The volumes below one STACK_ROOT: rows in its database, folders in volumes/. Safe between processes: the row is
/// the truth; a folder without a row is the rest of a broken removal or creation and is swept by the next change.
/// Borrows `database`. Not thread-safe, as the Database is not.
class VolumeStore {
public:
    VolumeStore(const Paths& paths, const Database& database);

    std::optional<Volume> find(const std::string& name) const;
    /// Throws Errc::not_found with a near name as hint.
    Volume get(const std::string& name) const;
    std::vector<Volume> list() const;

    /// Makes it if it is not there. An existing one with another driver or other driver_opts is Errc::conflict.
    /// `external` ones are only looked up: Errc::not_found at the spec's position. The labels of an existing volume
    /// stay.
    Volume ensure(const desired::VolumeSpec& spec);
    /// 64 random hex digits as its name.
    Volume create_anonymous(StringMap labels = {});

    /// A new volume whose content is the folder `content`, which moves to its place. Errc::conflict if the name is
    /// taken.
    Volume adopt(const std::string& name, StringMap labels, const std::filesystem::path& content);

    /// Removes row, content and snapshots; Errc::conflict naming the users if there are any; tolerates absence only
    /// with `force`.
    void remove(const std::string& name, const UsersOf& users_of, bool force = false);
    /// Which volumes prune() may take, apart from being without users.
    using Choose = std::function<bool(const Volume&)>;
    /// Those without users that are chosen. What was removed, with the bytes that its content took on disk.
    struct Pruned {
        std::vector<Volume> volumes;
        std::int64_t bytes{0};
    };
    Pruned prune(const UsersOf& users_of, const Choose& choose);

    /// The folder a container binds. For driver_opts type/o/device it mounts the file system on the volume's folder
    /// if that has not been done since boot (o: bind gives the device itself). Throws with the volume's name in its
    /// trail.
    std::filesystem::path prepare(const Volume& volume) const;
    /// Takes the file system of driver_opts off again. Call it when the last user has stopped.
    void release(const Volume& volume) const;

    /// Bytes that the content takes on disk (blocks, hard links once).
    std::int64_t size_on_disk(const Volume& volume) const;

    const Paths& paths() const noexcept { return paths_; }

private:
    void sweep_leftovers() const;
    Volume insert(const Volume& volume);
    bool insert_row(const Volume& volume);

    Paths paths_;
    const Database& database_;
};

/// 64 random hex digits.
std::string made_up_volume_name();

/// [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 255 bytes: it becomes a folder's name. Throws Errc::invalid_input.
void check_volume_name(const std::string& name, const SourcePos& pos = {});

}  // namespace stack::volumes
