#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compose/finding.hpp"
#include "compose/interpolate.hpp"

namespace stack::compose {

/// One line of an env file.
struct DotenvVariable {
    std::string name;
    std::string value;
    /// False for a name alone (`PATH` without `=`): the value is taken from the shell, or the variable is left out.
    bool has_value{true};
    Mark mark;
};

/// Parses an env file (compose-spec 05-services "Env_file format"): quoting, escapes, comments, `export`, multi-line
/// values, and variables in unquoted and double-quoted values, which see `lookup` first and then earlier lines.
/// In the order of the file; of a name that comes twice both stand here, the later one counts.
/// Mistakes go to `findings` with their place in `file`; the text is read on after them.
std::vector<DotenvVariable> parse_dotenv(std::string_view text, FileId file, const Lookup& lookup, Findings& findings);

/// The raw form (`format: raw`): NAME=VALUE, nothing is quoted or substituted.
std::vector<DotenvVariable> parse_dotenv_raw(std::string_view text, FileId file, Findings& findings);

}  // namespace stack::compose
