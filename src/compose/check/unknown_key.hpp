#pragma once

#include <string>

#include "compose/check/rule.hpp"
#include "compose/finding.hpp"

namespace stack::compose {

/// How to mend a key that its mapping does not know: where it belongs, what it is called here, the nearest key, or the
/// keys that are allowed. `path` is the mapping's, `rule` its rule.
std::string mend_unknown_key(const Rule& rule, const Path& path, const Member& member);

}  // namespace stack::compose
