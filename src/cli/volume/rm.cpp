#include <cstdio>

#include <fmt/format.h>

#include "cli/event_text.hpp"
#include "cli/render_error.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"

namespace stack::cli {

int remove_volumes(Context& context, const Flags& flags) {
    VolumeRoom room{context.paths};
    int code = 0;
    for (const std::string& word : flags.words()) {
        try {
            const bool was_there = room.store.find(word).has_value();
            room.store.remove(word, room.users_of(), flags.on("force"));
            if (was_there) {
                record_event(context, "volume", "destroy", word);
            }
            fmt::print("{}\n", word);
        } catch (const Error& error) {
            report_and_go_on(context, error);
            code = 1;
        }
    }
    return code;
}

}  // namespace stack::cli
