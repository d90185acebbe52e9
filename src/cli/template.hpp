#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace stack::cli {

/// Renders `--format` texts over JSON values: the part of Go's text/template that the Docker CLI's users write, with
/// its functions (json, join, lower, upper, title, split, println, printf, pad, truncate, len, index, slice, eq, ne,
/// lt, le, gt, ge, and, or, not), `if`, `else`, `range`, `with`, `end`, variables and pipelines. Values are printed as
/// Go prints them: "[a b]", "map[k:v]", "true", "<no value>". `\t` and `\n` in the text stand for themselves. Throws
/// Errc::invalid_input ("template parsing error: …").
std::string render_template(std::string_view text, const nlohmann::json& value);

/// Rows of a list: one line per value. "table TEMPLATE" adds a line of headings (field names in capitals) and aligns
/// the columns.
std::string render_rows(std::string_view format, const nlohmann::json& rows);

}  // namespace stack::cli
