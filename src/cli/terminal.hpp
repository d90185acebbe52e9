#pragma once

#include <string>
#include <string_view>

#include "cli/context.hpp"

namespace stack::cli {

/// SGR codes ("1;31" …) around `text`, or `text` alone where there are no colours.
std::string paint(std::string_view text, std::string_view sgr, bool colours);

/// Whether to use colours on that descriptor: --ansi first, then NO_COLOR (https://no-color.org) and TERM=dumb, then
/// isatty(3).
bool colours_on(int fd, Colours wish);

/// Columns and rows of the terminal behind `fd`; 80×24 where there is none.
struct TerminalSize {
    int columns{80};
    int rows{24};
};
TerminalSize terminal_size(int fd);

}  // namespace stack::cli
