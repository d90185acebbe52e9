#pragma once

#include "cli/context.hpp"
#include "cli/flags.hpp"

namespace stack::cli {

int prune_builder(Context& context, const Flags& flags);

}  // namespace stack::cli
