#include "cli/render_error.hpp"

#include <cstdio>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/terminal.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

/// Line `number` of `file`; empty if it cannot be read. A user's file is at most a few thousand lines.
std::string line_of(const std::string& file, int number) {
    std::ifstream in{file};
    std::string line;
    for (int i = 0; i < number; ++i) {
        if (!std::getline(in, line)) {
            return {};
        }
    }
    return abbreviate(replace_all(line, "\t", "    "), 160);
}

std::string excerpt(const SourcePos& pos, bool colours) {
    std::string out = fmt::format("  {} {}\n", paint("-->", "1;34", colours), to_string(pos));
    const std::string line = pos.line > 0 ? line_of(pos.file, pos.line) : std::string{};
    if (!line.empty()) {
        out += fmt::format("  {} {}\n", paint(fmt::format("{:>3} |", pos.line), "1;34", colours), line);
    }
    return out;
}

}  // namespace

std::string render_error(const Error& error, const ErrorStyle& style) {
    std::string out = fmt::format("{} {}\n", paint("error:", "1;31", style.colours), error.what());
    if (error.pos()) {
        out += excerpt(*error.pos(), style.colours);
    }
    const size_t steps = error.trail().size();
    for (size_t i = 0; i < steps; ++i) {
        if (style.trail || i + 1 == steps) {
            out += fmt::format("  while: {}\n", error.trail()[i]);
        }
    }
    for (std::string_view line : split(error.hint(), '\n')) {
        if (!line.empty()) {
            out += fmt::format("  {}\n", paint(line, "36", style.colours));
        }
    }
    return out;
}

void report_and_go_on(const Context& context, const Error& error) {
    fmt::print(stderr, "{}", render_error(error, {colours_on(STDERR_FILENO, context.colours), context.verbose}));
}

}  // namespace stack::cli
