#pragma once

#include <string>

#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {

/// An O_PATH descriptor of `path` inside `root` (openat2(2), RESOLVE_IN_ROOT), links followed inside the root. What is
/// missing is made: folders (0755, root's), and at the end a folder or an empty file.
enum class Missing { folder, file };
UniqueFd ensure_in_root(int root, const std::string& path, Missing last);

/// Empty if there is nothing at `path`.
UniqueFd find_in_root(int root, const std::string& path, int flags);

/// Content of a small file in the root; empty if it is missing, too large or no regular file.
std::string read_in_root(int root, const std::string& path);

}  // namespace stack::runtime
