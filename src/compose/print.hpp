#pragma once

#include <string>

#include "compose/node.hpp"

namespace stack::compose {

/// How a document is printed.
struct PrintStyle {
    /// `$` as `$$`, so that what is printed can be read again. Off where nothing was substituted.
    bool escape_dollars{true};
};

/// The document as YAML, keys in the order of the alphabet below the known order of the top level. Reading the text
/// gives the same document.
std::string print_yaml(const Node& document, const PrintStyle& style);

/// The document as JSON with two blanks of indentation. `x-` keys are kept at the top level only, as `docker compose
/// config --format json` has it.
std::string print_json(const Node& document, const PrintStyle& style);

}  // namespace stack::compose
