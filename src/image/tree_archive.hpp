#pragma once

#include <cstdint>
#include <filesystem>

#include "image/compression.hpp"

/// A folder as one stream: what `volume backup` and `volume restore` write and read.
namespace stack::image {

/// Writes a tar of `folder`, itself included (owner, mode, xattrs, hard links, devices), through `compression`
/// (none, gzip or zstd) to `out`, borrowed. Sockets are left out. Nobody may change the folder meanwhile. Returns the
/// bytes of the files.
std::int64_t write_tree_archive(const std::filesystem::path& folder, int out, Compression compression);

/// Unpacks a tar, compressed in any of our ways (seen by its first bytes), from `in`, borrowed, into the empty folder.
/// The tar need not be ours: nothing outside the folder is touched whatever it says. Errc::invalid_input if it is no
/// tar or ends too early.
std::int64_t read_tree_archive(int in, const std::filesystem::path& folder);

}  // namespace stack::image
