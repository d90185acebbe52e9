#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// Whether `${…}` has been replaced already; what still holds one may become anything and is left alone.
enum class Variables : std::uint8_t { replaced, in_place };

/// Turns strings into the booleans and numbers that their place in the document asks for: `privileged: "true"`,
/// `scale: "${N}"`. Words of YAML 1.1 count as booleans here (compose-spec 12-interpolation; yaml.org/type/bool.html).
/// A text that is no number where one is needed is an error.
void cast_values(Node& document, Findings& findings, Variables variables = Variables::replaced);

/// "y", "yes", "on", "true" and their opposites in any case.
std::optional<bool> boolean_word(std::string_view text);

}  // namespace stack::compose
