#include "cli/compose/lifecycle.hpp"
#include "cli/container/each.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
namespace stack::cli {

int container_stop(Context& context, const Flags& flags) {
    const engine::StopOptions options{.timeout = timeout_flag(flags), .signal = flags.value_or("signal", "")};
    return for_each_container(context, flags.words(), [&](auto& client, const auto& targets, const auto& sink) {
        client.stop(targets, options, sink);
    });
}

}  // namespace stack::cli
