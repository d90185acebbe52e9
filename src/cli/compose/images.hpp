#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "compose/loader.hpp"
#include "desired/desired_state.hpp"

namespace stack::cli {

/// When images are built and pulled: the flags of `up`, `create` and `run`.
struct ImagePolicy {
    bool build{false};     ///< --build: also if the image exists
    bool no_build{false};  ///< --no-build
    std::string pull;      ///< --pull: a pull policy; empty or "policy": what the service says
    bool quiet_build{false}, quiet_pull{false};
};

/// Makes sure that every service of `services` (empty: all) and of what they depend on has its image here, and writes
/// the image's id and the config hash into `state`. Pulls all that is wanted at once; then builds on this thread, so
/// call it before any other is started. A service with `build` is built when its image cannot be pulled.
/// Throws Errc::not_found and the registry's errors for an image that cannot be had, at its place in the compose file.
void provide_images(const Context& context, const compose::LoadedProject& loaded, desired::DesiredState& state,
                    const std::vector<std::string>& services, const ImagePolicy& policy);

/// The names of `services` and of everything they depend on; all services if it is empty.
std::vector<std::string> with_dependencies(const desired::DesiredState& state,
                                           const std::vector<std::string>& services);

}  // namespace stack::cli
