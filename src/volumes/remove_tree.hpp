#pragma once

#include <cstdint>
#include <filesystem>

namespace stack::volumes {

/// Removes a folder with all that is in it without ever leaving its file system: a mount point found inside is
/// Errc::conflict, before anything below it is touched. Tolerates absence.
void remove_tree(const std::filesystem::path& folder);

/// Bytes in the blocks of a tree on one file system, hard links once.
std::int64_t tree_size(const std::filesystem::path& folder);

}  // namespace stack::volumes
