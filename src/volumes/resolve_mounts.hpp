#pragma once

#include <functional>
#include <string>
#include <vector>

#include "volumes/resolved_mount.hpp"
#include "volumes/volume_store.hpp"

namespace stack::volumes {

/// What one container says about its file systems, and what is known of its surroundings.
struct MountRequest {
    const std::vector<desired::Mount>& mounts;
    Strings image_volumes;  ///< VOLUME of the image's config
    /// Mounts of the containers in `volumes_from`, in order, already made read-only where ":ro" was said.
    std::vector<desired::Mount> inherited;
    /// target -> name of the anonymous volumes of the container that this one replaces: they follow it.
    StringMap previous_anonymous;
    /// User and group that x-idmap maps to the folder's owner: the ids the container runs as.
    std::uint32_t uid{0}, gid{0};
    /// Layers of an image, lowest first; for mounts of type image. Throws if the image is not there.
    std::function<std::vector<std::filesystem::path>(const std::string& reference)> layers_of_image;
    /// Else it is only made: another container may still make what a subpath names.
    bool starts{true};
};

/// Makes the volumes that are missing and gives the mounts in the order they must be done. A target named by the
/// service wins over one inherited by volumes_from, and that one over a VOLUME of the image; the same target twice in
/// one service is Errc::invalid_input. A missing bind source is made when create_host_path says so, otherwise
/// Errc::not_found at the mount's position.
std::vector<ResolvedMount> resolve_mounts(VolumeStore& store, const MountRequest& request);

}  // namespace stack::volumes
