#include "cli/container/each.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int container_unpause(Context& context, const Flags& flags) {
    return for_each_container(context, flags.words(), [](auto& client, const auto& targets, const auto& sink) {
        client.unpause(targets, sink);
    });
}

}  // namespace stack::cli
