#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/object_filter.hpp"
#include "cli/table.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "support/byte_size.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

using volumes::Volume;

bool matches(const VolumeRoom& room, const Volume& volume, const ObjectFilter& filter) {
    if (filter.key == "dangling") {
        return filter_flag(filter) == room.users(volume.name).empty();
    }
    if (filter.key == "driver") {
        return volume.driver == filter.value;
    }
    if (filter.key == "label") {
        return label_matches(volume.labels, filter.value);
    }
    return volume.name.find(filter.value) != std::string::npos;
}

/// Values of one key are alternatives, but labels must all be there; keys narrow each other.
bool passes(const VolumeRoom& room, const Volume& volume, const std::vector<ObjectFilter>& filters) {
    return std::all_of(filters.begin(), filters.end(), [&](const ObjectFilter& one) {
        return std::any_of(filters.begin(), filters.end(), [&](const ObjectFilter& other) {
            const bool alternative = other.key == one.key && (one.key != "label" || other.value == one.value);
            return alternative && matches(room, volume, other);
        });
    });
}

std::string size_text(const VolumeRoom& room, const Volume& volume) {
    return format_decimal_size(Bytes{room.store.size_on_disk(volume)});
}

nlohmann::json list_fields(const VolumeRoom& room, const Volume& volume, bool size) {
    return {{"Name", volume.name},
            {"Driver", volume.driver},
            {"Scope", "local"},
            {"Mountpoint", volume.mountpoint.string()},
            {"Labels", labels_text(volume.labels)},
            {"Size", size ? size_text(room, volume) : "N/A"},
            {"Links", size ? std::to_string(room.users(volume.name).size()) : "N/A"},
            {"Availability", "N/A"},
            {"Group", "N/A"},
            {"Status", "N/A"}};
}

void print_table(const VolumeRoom& room, const std::vector<Volume>& volumes, bool size) {
    std::vector<std::string> headings{"DRIVER", "VOLUME NAME"};
    if (size) {
        headings.insert(headings.end(), {"SIZE", "USED BY"});
    }
    Table table{headings};
    for (const Volume& volume : volumes) {
        std::vector<std::string> cells{volume.driver, volume.name};
        if (size) {
            cells.push_back(size_text(room, volume));
            cells.push_back(join(room.users_of()(volume.name), ", "));
        }
        table.add(std::move(cells));
    }
    fmt::print("{}", table.str());
}

}  // namespace

int list_volumes(Context& context, const Flags& flags) {
    const auto filters = parse_filters(flags.values("filter"), {"dangling", "driver", "label", "name"});
    const VolumeRoom room{context.paths};
    auto volumes = room.store.list();
    std::erase_if(volumes, [&](const Volume& volume) { return !passes(room, volume, filters); });
    const std::string format = flags.value_or("format", "table");
    const bool size = flags.on("size") || format.find(".Size") != std::string::npos;
    if (flags.on("quiet")) {
        for (const Volume& volume : volumes) {
            fmt::print("{}\n", volume.name);
        }
    } else if (format == "table") {
        print_table(room, volumes, size);
    } else {
        nlohmann::json rows = nlohmann::json::array();
        for (const Volume& volume : volumes) {
            rows.push_back(list_fields(room, volume, size));
        }
        fmt::print("{}", render_rows(format == "json" ? "{{json .}}" : format, rows));
    }
    return 0;
}

}  // namespace stack::cli
