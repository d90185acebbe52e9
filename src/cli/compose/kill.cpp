#include "cli/compose/lifecycle.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int compose_kill(Context& context, const Flags& flags) {
    const std::string signal = flags.value_or("signal", "SIGKILL");
    return act_on_services(context, flags, "Killing", [&](auto& client, const auto& targets, const auto& sink) {
        client.kill(targets, signal, sink);
    });
}

}  // namespace stack::cli
