#include "cli/container/each.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int container_kill(Context& context, const Flags& flags) {
    const std::string signal = flags.value_or("signal", "SIGKILL");
    return for_each_container(context, flags.words(), [&](auto& client, const auto& targets, const auto& sink) {
        client.kill(targets, signal, sink);
    });
}

}  // namespace stack::cli
