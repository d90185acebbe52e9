#pragma once

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// Merges `over` onto `base` (compose-spec 13-merge): mappings by key, lists one after the other, and the exceptions of
/// the specification by path (command, entrypoint and healthcheck.test are replaced; short forms meet their long
/// forms). `at` is where both stand: the root for documents, services.NAME for extends. `!reset` leaves a node that is
/// tagged so in `base`, so that it can reset further; strip_resets() takes them out at the end. Values that cannot be
/// merged are findings at the place of `over`.
void merge(Node& base, Node over, const Path& at, Findings& findings);

/// Removes everything that is tagged `!reset`.
void strip_resets(Node& node);

/// Where a list must hold each thing once (published ports, volumes by target, variables by name, …), the later entry
/// takes the place of the earlier one.
void make_unique(Node& document);

}  // namespace stack::compose
