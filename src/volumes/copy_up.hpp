#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "volumes/resolved_mount.hpp"

namespace stack::volumes {

/// How much was copied.
struct CopyUpResult {
    std::uint64_t files{0};
    std::uint64_t bytes{0};
};

/// Gives an empty volume the image's content at the mount's target: owner, mode, xattrs, symbolic and hard links,
/// times; also the owner and mode of the folder itself. Does nothing when the volume has content, or the image
/// has no folder there. `layers`: the image's layer folders, lowest first (overlayfs whiteouts and opaque marks
/// are honoured, as Documentation/filesystems/overlayfs.rst tells).
/// Two callers at once: the second waits and finds the content. After a kill -9 the next call goes on where the killed
/// one stopped; files that somebody else has put there meanwhile are left alone. May block as long as copying takes.
CopyUpResult copy_up(const ResolvedMount& mount, const std::vector<std::filesystem::path>& layers);

/// copy_up for every mount that wants it.
void copy_up_all(const std::vector<ResolvedMount>& mounts, const std::vector<std::filesystem::path>& layers);

}  // namespace stack::volumes
