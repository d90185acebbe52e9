#include "cli/compose/lifecycle.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int compose_stop(Context& context, const Flags& flags) {
    const engine::StopOptions options{.timeout = timeout_flag(flags), .signal = {}};
    return act_on_services(context, flags, "Stopping", [&](auto& client, const auto& targets, const auto& sink) {
        client.stop(targets, options, sink);
    });
}

}  // namespace stack::cli
