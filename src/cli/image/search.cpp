#include "image/search.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/table.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

using nlohmann::json;

constexpr long most_rows = 100;
constexpr long usual_rows = 25;
constexpr size_t shown_description = 45;

struct Filter {
    long stars{0};
    std::optional<bool> official, automated;
};

Filter read_filter(const Flags& flags) {
    Filter filter;
    filter.stars = flags.number("stars").value_or(0);
    if (flags.on("automated")) {
        filter.automated = true;
    }
    for (const auto& text : flags.values("filter")) {
        const auto equals = text.find('=');
        const auto key = text.substr(0, equals);
        const auto value = equals == std::string::npos ? "true" : text.substr(equals + 1);
        if (key == "stars" && parse_uint(value)) {
            filter.stars = static_cast<long>(*parse_uint(value));
        } else if (key == "is-official" && parse_bool(value)) {
            filter.official = parse_bool(value);
        } else if (key == "is-automated" && parse_bool(value)) {
            filter.automated = parse_bool(value);
        } else {
            throw UsageError{fmt::format("invalid filter '{}'", text)};
        }
    }
    return filter;
}

}  // namespace

int search_images(Context&, const Flags& flags) {
    const long limit = flags.number("limit").value_or(usual_rows);
    if (limit < 1 || limit > most_rows) {
        throw UsageError{fmt::format("invalid value '{}' for --limit: expected 1 to {}", limit, most_rows)};
    }
    const Filter filter = read_filter(flags);
    json rows = json::array();
    for (const auto& found : image::search_registry(flags.words()[0], static_cast<int>(limit))) {
        if (found.stars < filter.stars || (filter.official && found.official != *filter.official) ||
            (filter.automated && found.automated != *filter.automated)) {
            continue;
        }
        const bool cut = !flags.on("no-trunc") && found.description.size() > shown_description;
        rows.push_back({{"Name", found.name},
                        {"Description", cut ? fit(found.description, shown_description) : found.description},
                        {"StarCount", fmt::format("{}", found.stars)},
                        {"IsOfficial", found.official ? "[OK]" : ""},
                        {"IsAutomated", found.automated ? "[OK]" : ""}});
    }
    const auto format = flags.value_or("format", "table");
    if (format != "table") {
        fmt::print("{}", render_rows(format == "json" ? "{{json .}}" : format, rows));
        return 0;
    }
    Table table{{"NAME", "DESCRIPTION", "STARS", "OFFICIAL"}};
    for (const json& row : rows) {
        table.add({row["Name"], row["Description"], row["StarCount"], row["IsOfficial"]});
    }
    fmt::print("{}", table.str());
    return 0;
}

}  // namespace stack::cli
