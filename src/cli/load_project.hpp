#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "compose/loader.hpp"

namespace stack::cli {

/// Load options as the command line, this process's folder and its environment give them.
compose::LoadOptions load_options(const Context& context);

/// Loads the project that the command line means; warnings go to stderr. Findings that are errors go there, too, and
/// end the command with exit_invalid_project; without any Compose file it ends with exit_file_not_found.
compose::LoadedProject load_project(const Context& context, const compose::LoadOptions& options);
compose::LoadedProject load_project(const Context& context, const std::vector<std::string>& services = {});

}  // namespace stack::cli
