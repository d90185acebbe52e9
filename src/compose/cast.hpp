#pragma once

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// Turns strings into the booleans and numbers that their place in the document asks for: `privileged: "true"`,
/// `scale: "${N}"`. Words of YAML 1.1 count as booleans here (compose-spec 12-interpolation; yaml.org/type/bool.html).
/// A text that is no number where one is needed is an error.
void cast_values(Node& document, Findings& findings);

/// "y", "yes", "on", "true" and their opposites in any case.
std::optional<bool> boolean_word(std::string_view text);

}  // namespace stack::compose
