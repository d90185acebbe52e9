#include "cli/command.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

// clang-format off
constexpr Command all_commands[] = {
    // path                  doors               function         help text          one line
    {"config|convert",       compose,            show_config,     "compose/config",  "Check the project and show it in canonical form"},
    {"version",              compose | docker,   print_version,   "system/version",  "Show the version"},
};
// clang-format on

}  // namespace

std::span<const Command> commands() {
    return all_commands;
}

}  // namespace stack::cli
