#include "cli/compose/lifecycle.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int compose_unpause(Context& context, const Flags& flags) {
    return act_on_services(context, flags, "Unpausing",
                           [](auto& client, const auto& targets, const auto& sink) { client.unpause(targets, sink); });
}

}  // namespace stack::cli
