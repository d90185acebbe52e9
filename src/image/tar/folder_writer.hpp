#pragma once

#include <cstdint>
#include <filesystem>

#include "image/tar/sink.hpp"

namespace stack::image::tar {

struct FolderSummary {
    std::int64_t file_bytes{0};
    std::int64_t entries{0};
};

/// Writes the tar of a layer folder in overlay format: entries sorted by name below each folder, whiteouts as
/// ".wh.name", opaque folders with a ".wh..wh..opq" inside, second and later names of one inode as hard links, sockets
/// left out, no entry for the folder itself. The same folder gives the same bytes. Nobody may change it meanwhile.
/// Throws SysError, or Errc::unsupported if overlay made it with redirect_dir or metacopy (the mount must turn both
/// off).
FolderSummary write_folder(const std::filesystem::path& folder, Sink& sink);

/// The tar of any folder, as it is: names of whiteouts mean nothing, and the folder itself has an entry, "./".
FolderSummary write_tree(const std::filesystem::path& folder, Sink& sink);

}  // namespace stack::image::tar
