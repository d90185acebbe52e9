#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/image/image_text.hpp"
#include "cli/table.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"
#include "image/rfc3339.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

using nlohmann::json;

constexpr size_t shown_command = 45;

struct Step {
    std::string id{"<missing>"}, created_by, comment;
    std::int64_t created{0}, size{0};
};

// History and layers are joined by counting: a step that is no empty_layer has the next diff id. Images of some tools
// have layers without history.
std::vector<Step> steps_of(const image::ImageStore& store, const image::Image& image, bool whole) {
    std::vector<Step> steps;
    size_t layer = 0;
    const auto size_of_next = [&] {
        const auto info = layer < image.chain_ids.size() ? store.find_layer(image.chain_ids[layer++]) : std::nullopt;
        return info ? info->size.count : 0;
    };
    for (const auto& entry : image.config.history) {
        Step& step = steps.emplace_back();
        step.created_by = entry.created_by;
        step.comment = entry.comment;
        step.created = image::parse_rfc3339(entry.created).value_or(0);
        step.size = entry.empty_layer ? 0 : size_of_next();
    }
    while (layer < image.chain_ids.size()) {
        steps.emplace_back().size = size_of_next();
    }
    if (steps.empty()) {
        steps.emplace_back();
    }
    steps.back().id = whole ? image.id : short_image_id(image.id);
    std::reverse(steps.begin(), steps.end());
    return steps;
}

std::string created_by(const Step& step, bool whole) {
    const std::string line = replace_all(replace_all(step.created_by, "\n", " "), "\t", " ");
    return whole || line.size() <= shown_command ? line : abbreviate(line, shown_command);
}

json as_json(const Step& step, bool human, bool whole) {
    return {{"ID", step.id},
            {"CreatedSince", human ? time_ago(step.created) : image::format_rfc3339(step.created)},
            {"CreatedAt", image::format_rfc3339(step.created)},
            {"CreatedBy", created_by(step, whole)},
            {"Size", human ? format_decimal_size(Bytes{step.size}) : fmt::format("{}", step.size)},
            {"Comment", step.comment}};
}

}  // namespace

int show_image_history(Context& context, const Flags& flags) {
    const image::ImageStore store{context.paths};
    const bool whole = flags.on("no-trunc");
    const bool human = !flags.given("human") || flags.on("human");
    const std::string format = flags.value_or("format", "table");
    json rows = json::array();
    for (const Step& step : steps_of(store, store.get(flags.words()[0]), whole)) {
        rows.push_back(as_json(step, human, whole));
    }
    if (flags.on("quiet")) {
        fmt::print("{}", render_rows("{{.ID}}", rows));
    } else if (format != "table") {
        fmt::print("{}", render_rows(format == "json" ? "{{json .}}" : format, rows));
    } else {
        Table table{{"IMAGE", human ? "CREATED" : "CREATED AT", "CREATED BY", "SIZE", "COMMENT"}};
        for (const json& row : rows) {
            table.add({row["ID"], row["CreatedSince"], row["CreatedBy"], row["Size"], row["Comment"]});
        }
        fmt::print("{}", table.str());
    }
    return 0;
}

}  // namespace stack::cli
