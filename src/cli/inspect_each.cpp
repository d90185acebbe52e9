#include "cli/inspect_each.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/render_error.hpp"
#include "cli/template.hpp"

namespace stack::cli {

int inspect_each(const Context& context, const Flags& flags,
                 const std::function<nlohmann::json(const std::string& word)>& look) {
    nlohmann::json all = nlohmann::json::array();
    int code = 0;
    for (const std::string& word : flags.words()) {
        try {
            all.push_back(look(word));
        } catch (const Error& error) {
            report_and_go_on(context, error);
            code = 1;
        }
    }
    const std::string format = flags.value_or("format", "");
    if (format.empty()) {
        fmt::print("{}\n", all.dump(4, ' ', false, nlohmann::json::error_handler_t::replace));
    } else {
        fmt::print("{}", render_rows(format == "json" ? "{{json .}}" : format, all));
    }
    return code;
}

}  // namespace stack::cli
