#pragma once

#include <vector>

#include "engine/runtime/launch_plan.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {

/// In the child, before it leaves the host's root: a detached copy (open_tree(2) OPEN_TREE_CLONE) of each bind source,
/// at the step's own index; empty for other kinds. `ipc_container` is a pidfd of the container whose /dev/shm is
/// shared, for a bind step without a source; -1 if there is none.
std::vector<UniqueFd> take_sources(const std::vector<MountStep>& steps, int ipc_container);

/// In the child, when its mounts are private: the same for overlay steps. `mount_point` serves in between.
void take_overlays(const std::vector<MountStep>& steps, const std::string& mount_point, std::vector<UniqueFd>& sources);

/// In the child, inside the new root: all steps in order, with targets resolved inside `root`.
void perform_mounts(int root, const std::vector<MountStep>& steps, std::vector<UniqueFd>& sources);

/// In the child, before it leaves the host's root: writes the files on a tmpfs that is mounted on `mount_point`, and
/// gives a read-only detached mount of each. Owners are looked up in `root`.
std::vector<UniqueFd> make_files(const std::vector<FileStep>& files, int root, const std::string& mount_point);
void attach_files(int root, const std::vector<FileStep>& files, std::vector<UniqueFd>& sources);

}  // namespace stack::runtime
