#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// The value of a variable; nullopt if it is unset.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

struct VariableUse;

/// Something wrong in, or worth telling about, a text with variables. `offset` is the byte in the text.
struct SubstituteProblem {
    Severity severity{Severity::error};
    std::size_t offset{0};
    std::string message;
    std::string hint;
};

/// Substitutes variables (compose-spec 12-interpolation): $NAME ${NAME} ${NAME:-d} ${NAME-d} ${NAME:?e} ${NAME?e}
/// ${NAME:+a} ${NAME+a}, nested in d, e and a; $$ is a dollar. An unset variable is blank and a warning.
/// Limits: 100 levels of nesting, 16 MiB of result. `uses`, if given, gets every variable met.
std::string substitute(std::string_view text, const Lookup& lookup, std::vector<SubstituteProblem>& problems,
                       std::vector<VariableUse>* uses = nullptr);

/// Substitutes in every string value of a document (keys stay as they are), and turns the results into the type that
/// their place asks for. A warning about an unset variable is told once per variable, at its first use.
void interpolate(Node& document, const Lookup& lookup, Findings& findings, std::vector<VariableUse>* uses = nullptr);

}  // namespace stack::compose
