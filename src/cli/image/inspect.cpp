#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/image/image_text.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int inspect_images(Context& context, const Flags& flags) {
    const image::ImageStore store{context.paths};
    nlohmann::json list = nlohmann::json::array();
    ErrorList errors;
    for (const std::string& name : flags.words()) {
        errors.attempt(fmt::format("inspect image '{}'", name), [&] { list.push_back(image_json(store.get(name))); });
    }
    const std::string format = flags.value_or("format", "");
    if (format.empty()) {
        fmt::print("{}\n", list.dump(4, ' ', false, nlohmann::json::error_handler_t::replace));
    } else {
        for (const auto& item : list) {
            fmt::print("{}\n", render_template(format == "json" ? "{{json .}}" : format, item));
        }
    }
    errors.throw_if_any();
    return 0;
}

}  // namespace stack::cli
