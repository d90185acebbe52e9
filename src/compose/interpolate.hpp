#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// The value of a variable; nullopt if it is unset.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// One variable as the files use it (`config --variables`).
struct VariableUse {
    std::string name;
    bool required{false};
    std::string default_value;
    std::string alternate_value;
};

/// By name; what several uses say is joined.
using VariableUses = std::map<std::string, VariableUse, std::less<>>;

/// What interpolation remembers over the files of one load.
struct InterpolationState {
    std::set<std::string> warned;  // variables that were told to be unset
    VariableUses uses;
    std::size_t bytes{0};  // that variables made
};

/// Something wrong in, or worth telling about, a text with variables. `offset` is the byte in the text.
struct SubstituteProblem {
    Severity severity{Severity::error};
    std::size_t offset{0};
    std::string variable;  // of a warning about an unset one
    std::string message;
    std::string hint;
};

/// Substitutes variables (compose-spec 12-interpolation): $NAME ${NAME} ${NAME:-d} ${NAME-d} ${NAME:?e} ${NAME?e}
/// ${NAME:+a} ${NAME+a}, nested in d, e and a; $$ is a dollar. An unset variable is blank and a warning.
/// A `$` before anything else stands for itself. Limits: see limits.hpp.
std::string substitute(std::string_view text, const Lookup& lookup, std::vector<SubstituteProblem>& problems,
                       VariableUses* uses = nullptr);

/// Only notes the variables of every string value, also those of words that substitution would not need.
void collect_variables(const Node& document, VariableUses& uses);

/// Substitutes in every string value of a document; keys stay as they are. A warning about an unset variable is told
/// once per variable, at its first use.
void interpolate(Node& document, const SourceFiles& files, const Lookup& lookup, Findings& findings,
                 InterpolationState& state);

}  // namespace stack::compose
