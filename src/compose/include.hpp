#pragma once

#include <filesystem>
#include <vector>

#include "compose/load_context.hpp"

namespace stack::compose {

/// One file to load: a path, or stdin's text that was read before.
struct InputFile {
    std::filesystem::path path;
    Mark from;                 // the place that names it; no file for the command line
    std::size_t index{0};      // of the entry of `include` that names it
    std::vector<Node> parsed;  // documents that are there already
    bool is_parsed{false};
};

/// Loads files into one merged document, with everything that they extend and include; checked against the schema, with
/// short forms still short. `directory` is what relative paths are relative to; `including` are the files that
/// led here, to find circles.
Node load_model(LoadContext& context, std::vector<InputFile> files, const std::filesystem::path& directory,
                const Environment& environment, std::vector<std::filesystem::path>& including);

/// The environment that a project's env files give: what is set already stays; a later file wins over an earlier one.
Environment read_env_files(LoadContext& context, const Environment& environment,
                           const std::vector<std::pair<std::filesystem::path, Mark>>& files);

}  // namespace stack::compose
