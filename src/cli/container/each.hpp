#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "engine/events.hpp"
#include "engine/options.hpp"
#include "support/error.hpp"

namespace stack::engine {
class SupervisorClient;
}

namespace stack::cli {

/// Runs an operation on the containers that the words of a docker command name: once per project, since each has its
/// own supervisor. Prints each name as it was given when its container is done, an error line for each that failed, and
/// goes on with the others. Returns the exit code; a name that no container has counts as a failure or not.
enum class Missing { fails, is_told };
using ContainerAction =
    std::function<void(engine::SupervisorClient&, const engine::Targets&, const engine::EventSink&)>;
int for_each_container(const Context& context, const std::vector<std::string>& names, const ContainerAction& act,
                       Missing missing = Missing::fails);

}  // namespace stack::cli
