#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "compose/loader.hpp"

namespace stack::cli {

/// Load options as the command line, this process's folder and its environment give them.
compose::LoadOptions load_options(const Context& context);

/// What is odd about a file is told by commands that make something of it, not by each `ps` and `logs` again.
enum class Warnings { told, left_out };

/// Loads the project that the command line means; warnings go to stderr. Findings that are errors go there, too, and
/// end the command with exit_invalid_project; without any Compose file it ends with exit_file_not_found.
compose::LoadedProject load_project(const compose::LoadOptions& options, Warnings warnings = Warnings::told);
compose::LoadedProject load_project(const Context& context, const std::vector<std::string>& services = {},
                                    Warnings warnings = Warnings::told);

}  // namespace stack::cli
