#pragma once

#include <string>

#include "compose/check/rule.hpp"
#include "compose/finding.hpp"

namespace stack::compose {

/// How to mend a value of a kind that its rule does not take: the list or mapping form, quotes, no dashes.
std::string mend_wrong_kind(const Rule& rule, const Path& path, const Node& node);

}  // namespace stack::compose
