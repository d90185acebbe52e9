#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "volumes/staged_tree.hpp"
#include "volumes/volume_store.hpp"

/// Copies of a volume's content. They share their blocks with it where the file system has reflinks (btrfs, xfs) and
/// are copied elsewhere; each appears whole or not at all, whenever a process is killed.
///
///   volumes/<name>/_data               what containers see
///   volumes/<name>/snapshots/<name>    earlier content
///
/// Nobody should write meanwhile: callers hold the users still. All throw Errc::not_found for what is not there.
namespace stack::volumes {

struct Snapshot {
    std::string name;
    std::chrono::system_clock::time_point created;
    std::filesystem::path folder;
};

/// Oldest first.
std::vector<Snapshot> list_snapshots(const Volume& volume);
/// `name` empty: the time, "20260131-235959". Errc::conflict if it is taken, Errc::unsupported for a volume whose
/// content lies elsewhere (driver_opts).
Snapshot take_snapshot(const VolumeStore& store, const Volume& volume, std::string name);
void remove_snapshot(const VolumeStore& store, const Volume& volume, const std::string& name);

/// The content becomes that of the snapshot, which stays. Containers that run would go on with the old content, so
/// callers make sure that none does.
void roll_back(const VolumeStore& store, const Volume& volume, const std::string& snapshot);

/// A new volume with the content and labels of another. Errc::conflict if there is one of that name.
Volume clone_volume(VolumeStore& store, const Volume& from, const std::string& name);

/// `staged` takes the place of the volume's content, in one step.
void replace_content(const Volume& volume, StagedTree& staged);

}  // namespace stack::volumes
