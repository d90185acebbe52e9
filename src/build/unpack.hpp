#pragma once

#include <filesystem>

namespace stack::build {

/// Whether the open file is a tar, plain or compressed (gzip, bzip2, xz, zstd): what ADD unpacks and what may be a
/// build context. A compressed file that holds something else is none. The file's position is left alone.
bool is_tar(int fd);

/// Unpacks the tar `fd` (a regular file, from its beginning) into the empty folder `into`, with the guards that layers
/// have: nothing is written outside, limits hold. Throws Errc::invalid_input.
void unpack_tar(int fd, const std::filesystem::path& into);

}  // namespace stack::build
