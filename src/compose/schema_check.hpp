#pragma once

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// Checks a merged document (all files, include and extends done, short forms still short) against
/// schemas/compose.schema.json and the rules that a schema cannot say (ranges, durations, byte sizes, names).
/// Tells each mistake once, with the nearest key, the allowed values or the form that is wanted.
/// Linear in the size of the document.
void check_schema(const Node& document, Findings& findings);

}  // namespace stack::compose
