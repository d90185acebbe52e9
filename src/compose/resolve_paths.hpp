#pragma once

#include <filesystem>

#include "compose/node.hpp"

namespace stack::compose {

/// Makes the relative paths of a document absolute, below `directory`, and `~` the home folder: build contexts, bind
/// mounts, env files, files of secrets and configs, extends and watch paths. Works on short forms as well as long ones:
/// a short volume with a relative source becomes a long one. URLs, `service:` and named volumes stay as they are.
/// With a relative `directory` ("../common") the paths stay relative, to the folder that `directory` is relative to.
void resolve_paths(Node& document, const std::filesystem::path& directory, const std::string& home);

/// `path` below `directory`, `.` and `..` taken out; absolute paths stay, `~` is `home`.
std::string resolve_path(const std::string& path, const std::filesystem::path& directory, const std::string& home);

/// A repository or archive somewhere else: "https://…", "git@…:…", "docker-image://…", "oci://…".
bool is_remote(std::string_view context);

}  // namespace stack::compose
