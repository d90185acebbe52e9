#pragma once

#include <cstdint>
#include <filesystem>

namespace stack::volumes {

/// Bytes in the blocks of a tree on one file system, hard links once.
std::int64_t tree_size(const std::filesystem::path& folder);

}  // namespace stack::volumes
