#include "cli/container/each.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int container_pause(Context& context, const Flags& flags) {
    return for_each_container(context, flags.words(),
                              [](auto& client, const auto& targets, const auto& sink) { client.pause(targets, sink); });
}

}  // namespace stack::cli
