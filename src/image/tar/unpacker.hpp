#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "image/tar/header.hpp"
#include "image/tar/input.hpp"
#include "image/tar/sink.hpp"

namespace stack::image::tar {

struct UnpackResult {
    std::int64_t file_bytes{0};
    std::int64_t entries{0};
    /// Folders that the tar has no entry for, parents first: their owner and mode are those of the layers below.
    std::vector<std::string> implied_folders;
    /// Hard links to what this layer does not have, in their order: the layers below may have it.
    struct MissingLink {
        std::string path, target;  ///< relative to the layer's root
    };
    std::vector<MissingLink> missing_links;
    /// False if the tar has a file twice, so that the folder cannot give all of its contents back.
    bool folder_holds_all_content{true};
};

struct UnpackLimit {
    std::int64_t max_bytes, max_entries;  ///< 0 = none
    bool absolute_names{false};           ///< of a layer: taken from its root instead of refused
};

/// Unpacks a layer tar from an untrusted source into the empty folder `root`, in overlay's format: ".wh.x" becomes a
/// character device 0:0, ".wh..wh..opq" the xattr trusted.overlay.opaque.
///
/// Nothing outside `root` is touched whatever the tar says: each place is resolved by openat2(RESOLVE_IN_ROOT), names
/// with ".." and, unless `limit` allows them, absolute ones are refused, links are never followed at the end of a name.
/// overlay's own xattrs in the tar are passed over.
/// Owners, modes, set-id bits, xattrs, capabilities, device nodes, hard links, holes and times are kept.
/// Throws Errc::invalid_input for what is refused, SysError if the disk refuses; what is there then is the caller's to
/// remove.
UnpackResult unpack_layer(Input& input, Sink* observer, const std::filesystem::path& root, const UnpackLimit& limit);

/// The same for a tar that is no layer: names such as ".wh.x" mean nothing special, absolute ones count from `root`,
/// and a hard link to what the tar does not have is refused.
UnpackResult unpack_plain(Input& input, const std::filesystem::path& root, const UnpackLimit& limit);

}  // namespace stack::image::tar
