#include "cli/container/each.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int container_rm(Context& context, const Flags& flags) {
    const engine::RemoveOptions options{.force = flags.on("force"), .volumes = flags.on("volumes"), .stop = false};
    const auto remove = [&](auto& client, const auto& targets, const auto& sink) {
        client.remove(targets, options, sink);
    };
    return for_each_container(context, flags.words(), remove, options.force ? Missing::is_told : Missing::fails);
}

}  // namespace stack::cli
