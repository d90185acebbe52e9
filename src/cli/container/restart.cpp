#include "cli/compose/lifecycle.hpp"
#include "cli/container/each.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
namespace stack::cli {

int container_restart(Context& context, const Flags& flags) {
    engine::RestartOptions options;
    options.stop = {.timeout = timeout_flag(flags), .signal = flags.value_or("signal", "")};
    options.no_deps = true;
    return for_each_container(context, flags.words(), [&](auto& client, const auto& targets, const auto& sink) {
        client.restart(targets, options, sink);
    });
}

}  // namespace stack::cli
