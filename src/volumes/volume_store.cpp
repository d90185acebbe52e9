#include "volumes/volume_store.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/error.hpp"
#include "support/kernel/remove_tree.hpp"
#include "support/log.hpp"
#include "support/random.hpp"
#include "support/text.hpp"
#include "volumes/mount_options.hpp"
#include "volumes/staged_tree.hpp"

namespace stack::volumes {
namespace {

constexpr const char* select_volume = "SELECT name, driver, driver_opts, labels, anonymous, created_at FROM volumes ";

bool is_name_character(char c, bool first) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alphanumeric || (!first && (c == '_' || c == '.' || c == '-'));
}

std::string to_text(const StringMap& map) {
    return nlohmann::json(map).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Volume read_row(const Paths& paths, const Statement& row) {
    Volume volume;
    volume.name = row.text(0);
    volume.driver = row.text(1);
    volume.driver_opts = nlohmann::json::parse(row.text(2)).get<StringMap>();
    volume.labels = nlohmann::json::parse(row.text(3)).get<StringMap>();
    volume.anonymous = row.integer(4) != 0;
    volume.created = std::chrono::system_clock::time_point{
        std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::nanoseconds{row.integer(5)})};
    volume.mountpoint = paths.volumes() / volume.name / "_data";
    return volume;
}

}  // namespace

void check_volume_name(const std::string& name, const SourcePos& pos) {
    constexpr size_t longest = 255;
    bool good = !name.empty() && name.size() <= longest;
    for (size_t i = 0; good && i < name.size(); ++i) {
        good = is_name_character(name[i], i == 0);
    }
    if (!good) {
        throw Error(Errc::invalid_input, fmt::format("'{}' cannot be the name of a volume", abbreviate(name, longest)))
            .at(pos)
            .hint(
                "use letters, digits, '_', '.' and '-', beginning with a letter or digit; for a folder of the host "
                "write its path with a leading '/' or './'");
    }
}

std::string made_up_volume_name() {
    constexpr size_t name_bytes = 32;
    return random_hex(name_bytes);
}

VolumeStore::VolumeStore(const Paths& paths, const Database& database) : paths_{paths}, database_{database} {
    database_.execute(
        "CREATE TABLE IF NOT EXISTS volumes (name TEXT PRIMARY KEY, driver TEXT NOT NULL, driver_opts TEXT NOT NULL, "
        "labels TEXT NOT NULL, anonymous INTEGER NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID");
}

std::optional<Volume> VolumeStore::find(const std::string& name) const {
    auto row = database_.prepare(std::string{select_volume} + "WHERE name = ?");
    row.bind(name);
    if (!row.step()) {
        return std::nullopt;
    }
    return read_row(paths_, row);
}

Volume VolumeStore::get(const std::string& name) const {
    if (auto volume = find(name)) {
        return *volume;
    }
    Strings names;
    for (const auto& volume : list()) {
        names.push_back(volume.name);
    }
    Error error{Errc::not_found, fmt::format("no such volume: '{}'", name)};
    if (const auto near = nearest(name, names)) {
        error.set_hint(fmt::format("did you mean '{}'?", *near));
    }
    throw error;
}

std::vector<Volume> VolumeStore::list() const {
    auto row = database_.prepare(std::string{select_volume} + "ORDER BY name");
    std::vector<Volume> volumes;
    while (row.step()) {
        volumes.push_back(read_row(paths_, row));
    }
    return volumes;
}

bool VolumeStore::insert_row(const Volume& volume) {
    auto row = database_.prepare(
        "INSERT INTO volumes (name, driver, driver_opts, labels, anonymous, created_at) VALUES (?,?,?,?,?,?) "
        "ON CONFLICT (name) DO NOTHING");
    row.bind_all(volume.name, volume.driver, to_text(volume.driver_opts), to_text(volume.labels),
                 std::int64_t{volume.anonymous},
                 std::chrono::duration_cast<std::chrono::nanoseconds>(volume.created.time_since_epoch()).count());
    row.run();
    return database_.changes() > 0;
}

Volume VolumeStore::insert(const Volume& volume) {
    // The row first: a folder without a row is rubbish, a row without a folder is completed by whoever meets it.
    insert_row(volume);
    const auto stored = find(volume.name);
    if (!stored) {
        throw Error(Errc::conflict, fmt::format("volume '{}' was removed while it was being made", volume.name));
    }
    std::filesystem::create_directories(stored->mountpoint);
    return *stored;
}

Volume VolumeStore::adopt(const std::string& name, StringMap labels, const std::filesystem::path& content) {
    check_volume_name(name);
    Volume wanted{name, "local", {}, std::move(labels), false, std::chrono::system_clock::now(), {}};
    Transaction transaction{database_};
    if (!insert_row(wanted)) {
        throw Error(Errc::conflict, fmt::format("volume '{}' exists already", name));
    }
    wanted.mountpoint = paths_.volumes() / name / "_data";
    // A folder without a row is the rest of a broken removal.
    kernel::remove_tree(paths_.volumes() / name);
    std::filesystem::create_directories(wanted.mountpoint.parent_path());
    std::filesystem::rename(content, wanted.mountpoint);
    transaction.commit();
    return wanted;
}

Volume VolumeStore::ensure(const desired::VolumeSpec& spec) {
    if (spec.external) {
        if (auto volume = find(spec.name)) {
            return *volume;
        }
        throw Error(Errc::not_found, fmt::format("external volume '{}' does not exist", spec.name))
            .at(spec.pos)
            .hint(fmt::format("make it with 'stack volume create {}', or remove 'external: true'", spec.name));
    }
    check_volume_name(spec.name, spec.pos);
    if (!spec.driver.empty() && spec.driver != "local") {
        throw Error(Errc::unsupported, fmt::format("volume driver '{}' is not known", spec.driver))
            .at(spec.pos)
            .hint("the only driver is 'local'; it mounts nfs, cifs, tmpfs and block devices by driver_opts");
    }
    const auto existing = find(spec.name);
    if (!existing) {
        try {
            check_driver_options(spec.driver_opts);
        } catch (const Error& error) {
            throw Error{error}.at(spec.pos);
        }
        sweep_leftovers();
    }
    Volume wanted{spec.name, "local", spec.driver_opts, spec.labels, false, std::chrono::system_clock::now(), {}};
    auto volume = existing ? *existing : insert(wanted);
    if (volume.driver_opts != spec.driver_opts) {
        throw Error(Errc::conflict, fmt::format("volume '{}' exists with other driver_opts", spec.name))
            .at(spec.pos)
            .hint(fmt::format("remove it with 'stack volume rm {}' (its content is lost), or name another", spec.name));
    }
    std::filesystem::create_directories(volume.mountpoint);
    return volume;
}

Volume VolumeStore::create_anonymous(StringMap labels) {
    labels.emplace("com.docker.volume.anonymous", "");
    return insert({made_up_volume_name(), "local", {}, std::move(labels), true, std::chrono::system_clock::now(), {}});
}

void VolumeStore::remove(const std::string& name, const UsersOf& users_of, bool force) {
    const auto volume = find(name);
    if (!volume) {
        if (force) {
            return;
        }
        (void)get(name);  // throws
    }
    const auto require_unused = [&] {
        if (const auto users = users_of(name); !users.empty()) {
            throw Error(Errc::conflict, fmt::format("volume '{}' is in use by {}", name, join(users, ", ")))
                .hint("remove these containers first");
        }
    };
    require_unused();
    release(*volume);
    // Out of the way under a name no volume can have, so that a new volume of this name never meets the old content.
    // A kill from here on leaves a folder without a row, which the next sweep takes.
    const auto grave = paths_.volumes() / ("." + random_hex(8));
    {
        Transaction transaction{database_};
        require_unused();  // again, now that nobody can add a container
        auto row = database_.prepare("DELETE FROM volumes WHERE name = ?");
        row.bind(name);
        row.run();
        if (::rename((paths_.volumes() / name).c_str(), grave.c_str()) != 0 && errno != ENOENT) {
            throw SysError(errno, fmt::format("remove the folder of volume '{}'", name));
        }
        transaction.commit();
    }
    kernel::remove_tree(grave);
}

VolumeStore::Pruned VolumeStore::prune(const UsersOf& users_of, const Choose& choose) {
    Pruned pruned;
    for (auto& volume : list()) {
        if (!choose(volume) || !users_of(volume.name).empty()) {
            continue;
        }
        // What a mount of driver_opts holds lies elsewhere and stays there.
        const std::int64_t bytes = volume.driver_opts.empty() ? size_on_disk(volume) : 0;
        try {
            remove(volume.name, users_of, true);
        } catch (const Error& error) {
            if (error.code() != Errc::conflict) {  // somebody has begun to use it
                throw;
            }
            continue;
        }
        pruned.bytes += bytes;
        pruned.volumes.push_back(std::move(volume));
    }
    sweep_leftovers();
    sweep_staged_trees(paths_);
    return pruned;
}

void VolumeStore::sweep_leftovers() const {
    if (!std::filesystem::exists(paths_.volumes())) {
        return;
    }
    const Transaction no_new_rows{database_};
    for (const auto& folder : std::filesystem::directory_iterator{paths_.volumes()}) {
        if (!find(folder.path().filename())) {
            log_info("removing the rest of volume '{}'", folder.path().filename().string());
            kernel::remove_tree(folder.path());
        }
    }
}

}  // namespace stack::volumes
