#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/context.hpp"

/// What the prune commands do after they have asked; `system prune` does all of it. Each prints what it has removed and
/// returns how many bytes became free.
namespace stack::cli {

using FilterWords = std::vector<std::string>;  ///< as typed: "until=24h", "label=k=v", "label!=k"

std::int64_t sweep_containers(Context& context, const FilterWords& filters);
std::int64_t sweep_images(Context& context, const FilterWords& filters, bool all);
std::int64_t sweep_volumes(Context& context, const FilterWords& filters, bool all);
void sweep_networks(Context& context, const FilterWords& filters);
/// `all`: the folders of cache mounts, too. Warns, and frees nothing, while a build or pull is at work.
std::int64_t sweep_builds(Context& context, std::int64_t unused_for_seconds, bool all);

}  // namespace stack::cli
