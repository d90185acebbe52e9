#include "volumes/snapshots.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <tuple>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "support/error.hpp"

namespace stack::volumes {
namespace {

std::filesystem::path snapshots_of(const Volume& volume) {
    return volume.mountpoint.parent_path() / "snapshots";
}

void require_own_content(const Volume& volume, const char* what) {
    if (!volume.driver_opts.empty()) {
        throw Error(Errc::unsupported, fmt::format("volume '{}' cannot be {}: its content lies elsewhere (driver_opts)",
                                                   volume.name, what))
            .hint("'volume backup' and 'volume clone' work with every volume");
    }
}

/// When it was made: the change time of its folder, which the rename to its place set and nothing changes later.
std::chrono::system_clock::time_point time_of(const std::filesystem::path& folder) {
    struct stat status {};
    check(::stat(folder.c_str(), &status), [&] { return fmt::format("stat '{}'", folder.string()); });
    const auto since = std::chrono::seconds{status.st_ctim.tv_sec} + std::chrono::nanoseconds{status.st_ctim.tv_nsec};
    return std::chrono::system_clock::time_point{
        std::chrono::duration_cast<std::chrono::system_clock::duration>(since)};
}

std::filesystem::path existing(const Volume& volume, const std::string& name) {
    const auto all = list_snapshots(volume);
    const auto found = std::find_if(all.begin(), all.end(), [&](const Snapshot& it) { return it.name == name; });
    if (found == all.end()) {
        throw Error(Errc::not_found, fmt::format("volume '{}' has no snapshot '{}'", volume.name, name))
            .hint(fmt::format("'stack volume snapshot --list {}' shows them", volume.name));
    }
    return found->folder;
}

void rename_new(const std::filesystem::path& from, const std::filesystem::path& to, const std::string& what) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
        if (errno == EEXIST) {
            throw Error(Errc::conflict, what + " exists already");
        }
        throw SysError(errno, fmt::format("rename '{}' to '{}'", from.string(), to.string()));
    }
}

}  // namespace

std::vector<Snapshot> list_snapshots(const Volume& volume) {
    std::vector<Snapshot> out;
    std::error_code none;
    for (const auto& item : std::filesystem::directory_iterator{snapshots_of(volume), none}) {
        out.push_back({item.path().filename(), time_of(item.path()), item.path()});
    }
    std::sort(out.begin(), out.end(), [](const Snapshot& a, const Snapshot& b) {
        return std::tie(a.created, a.name) < std::tie(b.created, b.name);
    });
    return out;
}

Snapshot take_snapshot(const VolumeStore& store, const Volume& volume, std::string name) {
    require_own_content(volume, "snapshotted");
    if (name.empty()) {
        name = fmt::format("{:%Y%m%d-%H%M%S}", fmt::gmtime(std::time(nullptr)));
    }
    check_volume_name(name);
    sweep_staged_trees(store.paths());
    StagedTree staged{store.paths()};
    staged.copy_from(volume.mountpoint);
    staged.sync();
    std::filesystem::create_directories(snapshots_of(volume));
    const auto place = snapshots_of(volume) / name;
    rename_new(staged.data(), place, fmt::format("snapshot '{}' of volume '{}'", name, volume.name));
    return {name, time_of(place), place};
}

void remove_snapshot(const VolumeStore& store, const Volume& volume, const std::string& name) {
    const auto folder = existing(volume, name);
    // Out of its place at once: a snapshot of which half is gone must not be there to roll back to.
    StagedTree grave{store.paths()};
    rename_new(folder, grave.data().parent_path() / "removed", name);
}

void roll_back(const VolumeStore& store, const Volume& volume, const std::string& snapshot) {
    require_own_content(volume, "rolled back");
    sweep_staged_trees(store.paths());
    StagedTree staged{store.paths()};
    staged.copy_from(existing(volume, snapshot));
    replace_content(volume, staged);
}

void replace_content(const Volume& volume, StagedTree& staged) {
    require_own_content(volume, "given other content");
    staged.sync();
    std::filesystem::create_directories(volume.mountpoint);
    check(::renameat2(AT_FDCWD, staged.data().c_str(), AT_FDCWD, volume.mountpoint.c_str(), RENAME_EXCHANGE),
          [&] { return fmt::format("exchange the content of volume '{}'", volume.name); });
}

Volume clone_volume(VolumeStore& store, const Volume& from, const std::string& name) {
    check_volume_name(name);
    if (store.find(name)) {
        throw Error(Errc::conflict, fmt::format("volume '{}' exists already", name));
    }
    sweep_staged_trees(store.paths());
    StagedTree staged{store.paths()};
    staged.copy_from(store.prepare(from));
    staged.sync();
    auto labels = from.labels;
    labels.erase("com.docker.volume.anonymous");
    return store.adopt(name, std::move(labels), staged.data());
}

}  // namespace stack::volumes
