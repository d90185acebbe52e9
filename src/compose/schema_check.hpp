#pragma once

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// Checks a merged document (all files, include and extends done, short forms still short) against
/// schemas/compose.schema.json and the rules that a schema cannot say (ranges, durations, byte sizes, names).
/// Tells each mistake once, with the nearest key, the allowed values or the form that is wanted.
/// Linear in the size of the document.
///
/// `judged` documents in which nothing was found are shown to valijson too (check/judge.hpp). That costs milliseconds,
/// so it is for the command that is asked whether a file is right.
void check_schema(const Node& document, Findings& findings, bool judged = false);

}  // namespace stack::compose
