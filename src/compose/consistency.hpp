#pragma once

#include "compose/cast.hpp"
#include "compose/finding.hpp"
#include "compose/graph.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// What the schema cannot say: names that are used but not declared, keys that exclude each other, numbers said twice
/// and differently, names and host ports that two services want, cycles.
///
/// Works on a merged document, with forms short or long, and leaves alone what is not of the kind that the schema asks
/// for (check_schema tells that). Only services that are `asked_for` are looked into; what they need must be `active`.
/// A name that still holds a variable may become any. Linear in the document.
void check_consistency(const Node& document, const ServiceFilter& active, const ServiceFilter& asked_for,
                       Findings& findings, Variables variables = Variables::replaced);

}  // namespace stack::compose
