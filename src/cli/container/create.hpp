#pragma once

#include <string>

#include "cli/context.hpp"
#include "cli/flags.hpp"
#include "desired/container_spec.hpp"

namespace stack::engine {
class SupervisorClient;
}

namespace stack::cli {

/// Makes the container that the flags of `run` and `create` describe, with its image's id filled in and the id written
/// to --cidfile. Returns its id. Errors are ExitError 125.
std::string create_from_flags(const Context& context, const Flags& flags, desired::ContainerSpec& spec,
                              engine::SupervisorClient& client);

}  // namespace stack::cli
