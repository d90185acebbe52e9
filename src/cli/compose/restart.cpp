#include "cli/compose/lifecycle.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int compose_restart(Context& context, const Flags& flags) {
    const engine::RestartOptions options{.stop = {.timeout = timeout_flag(flags), .signal = {}},
                                         .no_deps = flags.on("no-deps")};
    return act_on_services(context, flags, "Restarting", [&](auto& client, const auto& targets, const auto& sink) {
        client.restart(targets, options, sink);
    });
}

}  // namespace stack::cli
