#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/network/network_room.hpp"
#include "cli/render_error.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int inspect_networks(Context& context, const Flags& flags) {
    const NetworkRoom room{context.paths};
    nlohmann::json all = nlohmann::json::array();
    int code = 0;
    for (const std::string& word : flags.words()) {
        try {
            all.push_back(network_json(room, room.store.get(word)));
        } catch (const Error& error) {
            report_and_go_on(context, error);
            code = 1;
        }
    }
    const auto format = flags.value("format");
    if (!format) {
        fmt::print("{}\n", all.dump(4, ' ', false, nlohmann::json::error_handler_t::replace));
    } else {
        fmt::print("{}", render_rows(*format == "json" ? "{{json .}}" : *format, all));
    }
    return code;
}

}  // namespace stack::cli
