#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/compose/images.hpp"
#include "cli/flags.hpp"
#include "compose/project.hpp"
#include "engine/options.hpp"

namespace stack::cli {

/// "web=3" words of `up --scale` and `scale`. Throws UsageError naming `where`.
std::map<std::string, int> parse_scale(const std::vector<std::string>& words, const compose::Project& project,
                                       std::string_view where);

/// The flags that `up` and `create` share.
engine::UpOptions common_up_options(const Flags& flags, const compose::Project& project);
ImagePolicy common_image_policy(const Flags& flags);

/// `--dry-run` and `stack plan`: what would be done and why; does nothing. Returns the exit code.
int print_plan(const Context& context, const desired::DesiredState& state, const engine::UpOptions& options);

}  // namespace stack::cli
