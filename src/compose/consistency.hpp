#pragma once

#include "compose/finding.hpp"
#include "compose/graph.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// What the schema cannot say: names that are used but not declared, keys that exclude each other, numbers said twice
/// and differently, names and host ports that two services want, cycles.
///
/// Works on a merged document, with forms short or long, and leaves alone what is not of the kind that the schema asks
/// for (check_schema tells that). Services that are not `active` are not looked into. Linear in the document.
void check_consistency(const Node& document, const ServiceFilter& active, Findings& findings);

}  // namespace stack::compose
