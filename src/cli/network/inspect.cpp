#include <nlohmann/json.hpp>

#include "cli/inspect_each.hpp"
#include "cli/network/network_room.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int inspect_networks(Context& context, const Flags& flags) {
    const NetworkRoom room{context.paths};
    return inspect_each(context, flags,
                        [&](const std::string& word) { return network_json(room, room.store.get(word)); });
}

}  // namespace stack::cli
