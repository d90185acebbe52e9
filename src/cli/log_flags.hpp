#pragma once

#include "cli/flags.hpp"
#include "engine/logs/reader.hpp"

namespace stack::cli {

/// --tail, --since and --until.
engine::logs::ReadOptions log_read_options(const Flags& flags);

}  // namespace stack::cli
