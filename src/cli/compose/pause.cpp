#include "cli/compose/lifecycle.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int compose_pause(Context& context, const Flags& flags) {
    return act_on_services(context, flags, "Pausing",
                           [](auto& client, const auto& targets, const auto& sink) { client.pause(targets, sink); });
}

}  // namespace stack::cli
