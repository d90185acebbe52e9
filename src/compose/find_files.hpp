#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compose/load_context.hpp"

namespace stack::compose {

/// Which files make up a project, and where it lies.
struct ProjectFiles {
    std::vector<std::string> files;   // absolute, in the order of merging; "-" is stdin
    std::filesystem::path directory;  // absolute: what relative paths are relative to
    Environment environment;          // the shell over the env files
};

/// Finds them as `docker compose` does: -f, or COMPOSE_FILE (from the shell or .env) cut at COMPOSE_PATH_SEPARATOR, or
/// compose.yaml, compose.yml, docker-compose.yaml, docker-compose.yml in this folder or the nearest parent that has
/// one, with its override file. Reads the env files on the way. Throws Errc::not_found if there is no file.
ProjectFiles find_project_files(LoadContext& context);

/// The name by the specification's rule (04-version-and-name): lower case letters, digits, '-' and '_', beginning with
/// a letter or digit. Empty if nothing is left.
std::string normalized_project_name(std::string_view text);

}  // namespace stack::compose
