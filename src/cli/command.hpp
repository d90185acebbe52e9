#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.hpp"
#include "cli/flags.hpp"

namespace stack::cli {

/// Under which names a command can be reached. One row may have several.
enum Door : unsigned {
    compose = 1,    ///< stack X, docker compose X, docker-compose X
    engine = 2,     ///< stack GROUP X, docker GROUP X (the path has the group in it)
    docker = 4,     ///< docker X
    own = 8,        ///< stack X only: what no other engine has
    internal = 16,  ///< started by ourselves; never in a help text
};

/// Carries the command out; the result is the exit code. Throws Error.
using Run = int (*)(Context&, const Flags&);

/// One row of the command table.
struct Command {
    std::string_view path;  ///< words, aliases of the last one behind '|': "container ls|ps|list"
    unsigned doors;         ///< Door bits
    Run run;
    std::string_view help;     ///< name of its help text without ".txt", relative to src/cli; empty: takes raw words
    std::string_view summary;  ///< one line for the list of commands
};

/// Every command there is. The one place to add one: a row in commands.cpp, a line in verbs.hpp, a `.cpp` and a `.txt`
/// beside it.
std::span<const Command> commands();

/// The help text of that name, embedded at build time (cmake/EmbedTexts.cmake). Errc::internal if there is none.
std::string_view help_text(std::string_view name);

}  // namespace stack::cli
