#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compose/node.hpp"

namespace stack::compose {

/// Why valijson, a JSON Schema validator, rejects a document.
struct Verdict {
    std::string message;
    /// Keys, and indexes as digits, from the root to the place.
    std::vector<std::string> path;
};

/// Asks valijson for its verdict on `document` by schemas/compose.schema.json; nullopt if it is valid.
///
/// The walk of check_schema() finds what is wrong and says it well; the judge is a second opinion on what the walk has
/// passed, so that a mistake of ours in reading the schema does not let `config` call a wrong document right. It is not
/// asked about `format` (ours are checked by the walk; valijson 1.0 throws on formats of other types than string) and
/// `uniqueItems` (quadratic in valijson).
std::optional<Verdict> judge(const Node& document);

}  // namespace stack::compose
