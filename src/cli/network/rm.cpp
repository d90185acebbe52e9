#include <cstdio>

#include <fmt/format.h>

#include "cli/event_text.hpp"
#include "cli/network/network_room.hpp"
#include "cli/render_error.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int remove_networks(Context& context, const Flags& flags) {
    NetworkRoom room{context.paths};
    int code = 0;
    for (const std::string& word : flags.words()) {
        try {
            if (const auto network = room.store.find(word)) {
                net::remove_network(room.store, room.firewall, *network);
                record_event(context, "network", "destroy", network->name);
            } else if (!flags.on("force")) {
                (void)room.store.get(word);  // throws
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
