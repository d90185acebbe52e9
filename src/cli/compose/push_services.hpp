#pragma once

#include <set>
#include <string>

#include "cli/context.hpp"
#include "compose/loader.hpp"

namespace stack::cli {

/// Pushes the images (and build.tags) of those `services` that have `build`, several at a time. Throws the first
/// failure, the others in its trail, unless `ignore_failures`.
void push_services(const Context& context, const compose::Project& project, const std::set<std::string>& services,
                   bool quiet, bool ignore_failures);

}  // namespace stack::cli
