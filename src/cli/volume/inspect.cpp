#include <nlohmann/json.hpp>

#include "cli/inspect_each.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"

namespace stack::cli {

int inspect_volumes(Context& context, const Flags& flags) {
    const VolumeRoom room{context.paths};
    return inspect_each(context, flags, [&](const std::string& word) { return volume_json(room.store.get(word)); });
}

}  // namespace stack::cli
