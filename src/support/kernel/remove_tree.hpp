#pragma once

#include <cstdint>
#include <filesystem>

namespace stack::kernel {

/// Removes a folder with all that is in it and returns the bytes that became free (hard links by share). However deep
/// it is, a bounded number of descriptors is open: what a container or a layer made may be deeper than any path is
/// long. Never leaves the folder's file system: a mount point found inside is Errc::conflict. Tolerates absence, and
/// others that remove the same.
std::int64_t remove_tree(const std::filesystem::path& folder);

}  // namespace stack::kernel
