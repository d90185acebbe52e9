#pragma once

#include "cli/command.hpp"

namespace stack::cli {

// One function per command, each in a file of its own. commands.cpp gives them their names.

int show_config(Context& context, const Flags& flags);
int print_version(Context& context, const Flags& flags);
int print_version_line(const Context& context);  ///< what --version shows

}  // namespace stack::cli
