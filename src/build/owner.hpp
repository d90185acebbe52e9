#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

namespace stack::build {

/// `--chown=user[:group]` by names or numbers, names from the /etc of `layers` (lowest first). A user by name without
/// a group has the group of its passwd entry; a number stands for both. Throws Errc::not_found for unknown names.
std::pair<uid_t, gid_t> resolve_owner(const std::vector<std::filesystem::path>& layers, const std::string& text);

/// `--chmod=` in octal ("755") or chmod(1)'s symbols ("u=rw,go+r"). Throws Errc::invalid_input.
std::function<mode_t(const struct stat&)> parse_mode(const std::string& text);

}  // namespace stack::build
