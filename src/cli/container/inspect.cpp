#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container/inspect_json.hpp"
#include "cli/render_error.hpp"
#include "cli/state_view.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"
#include "image/store.hpp"

namespace stack::cli {

int container_inspect(Context& context, const Flags& flags) {
    const StateView state{context.paths};
    const image::ImageStore images{context.paths};
    nlohmann::json all = nlohmann::json::array();
    int code = 0;
    for (const std::string& word : flags.words()) {
        try {
            const engine::ContainerRow row = state.get(word);
            const std::optional<image::Image> image = images.find_by_id(row.image_id);
            all.push_back(inspect_json(row, image ? &image->config : nullptr, context.paths));
        } catch (const Error& error) {
            report_and_go_on(context, error);
            code = 1;
        }
    }
    const std::optional<std::string> format = flags.value("format");
    if (!format) {
        fmt::print("{}\n", all.dump(4));
    } else {
        fmt::print("{}", render_rows(*format == "json" ? "{{json .}}" : *format, all));
    }
    return code;
}

}  // namespace stack::cli
