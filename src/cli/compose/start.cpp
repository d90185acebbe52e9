#include "cli/compose/lifecycle.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int compose_start(Context& context, const Flags& flags) {
    return act_on_services(context, flags, "Starting",
                           [](auto& client, const auto& targets, const auto& sink) { client.start(targets, sink); });
}

}  // namespace stack::cli
