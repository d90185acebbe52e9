#include "cli/terminal.hpp"

#include <cstdlib>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace stack::cli {

std::string paint(std::string_view text, std::string_view sgr, bool colours) {
    return colours ? fmt::format("\x1b[{}m{}\x1b[0m", sgr, text) : std::string{text};
}

bool colours_on(int fd, Colours wish) {
    if (wish != Colours::automatic) {
        return wish == Colours::always;
    }
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool dumb = term && std::string_view{term} == "dumb";
    return !(no_color && *no_color) && !dumb && isatty(fd) == 1;
}

TerminalSize terminal_size(int fd) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        return {};
    }
    return {size.ws_col, size.ws_row};
}

}  // namespace stack::cli
