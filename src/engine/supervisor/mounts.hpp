#pragma once

#include <vector>

#include "engine/state/container_row.hpp"
#include "engine/supervisor/project.hpp"
#include "volumes/resolved_mount.hpp"

namespace stack::engine::supervisor {

/// The mounts of a container with every volume made. Anonymous volumes named in row.mounts are used again. `starts`:
/// all of it must be there, also what a subpath names.
std::vector<volumes::ResolvedMount> resolve_container_mounts(Project& project, const ImageFacts& image,
                                                             const ContainerRow& row,
                                                             const desired::ContainerSpec& spec, bool starts);

std::vector<MountRow> mount_rows(const std::vector<volumes::ResolvedMount>& mounts);

}  // namespace stack::engine::supervisor
