#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "build/dockerfile/instruction.hpp"

namespace stack::build {

/// The lines of a file without their ends (\n or \r\n), a byte order mark taken off.
std::vector<std::string> split_lines(std::string_view text);

/// Reads the directives and says how many lines they take. Throws on an escape that is neither \ nor ` and on one
/// directive twice.
Directives parse_directives(const std::vector<std::string>& lines, const std::string& name, size_t& consumed);

/// Whether a line is only a comment or white space.
bool is_comment(std::string_view line);
bool is_blank(std::string_view line);

/// The line without its continuation mark; nullopt if it has none. A doubled escape character is none.
std::optional<std::string> without_continuation(std::string_view line, char escape);

}  // namespace stack::build
