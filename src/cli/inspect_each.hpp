#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/context.hpp"
#include "cli/flags.hpp"

namespace stack::cli {

/// What every `inspect` does: prints what `look` finds for each word, as one JSON list or by --format. A word whose
/// look throws an Error is told on standard error, the others are shown all the same. Returns the exit code: 1 if one
/// failed.
int inspect_each(const Context& context, const Flags& flags,
                 const std::function<nlohmann::json(const std::string& word)>& look);

}  // namespace stack::cli
