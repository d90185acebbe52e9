#pragma once

#include "cli/compose/images.hpp"
#include "cli/flags.hpp"
#include "compose/project.hpp"
#include "engine/options.hpp"

namespace stack::cli {

/// The flags that `up` and `create` share.
engine::UpOptions common_up_options(const Flags& flags, const compose::Project& project);
ImagePolicy common_image_policy(const Flags& flags);

/// `--dry-run` and `stack plan`: what would be done and why; does nothing. Returns the exit code.
int print_plan(const Context& context, const desired::DesiredState& state, const engine::UpOptions& options);

}  // namespace stack::cli
