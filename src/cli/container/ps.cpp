#include <algorithm>
#include <functional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container/filters.hpp"
#include "cli/container_json.hpp"
#include "cli/container_size.hpp"
#include "cli/container_text.hpp"
#include "cli/state_view.hpp"
#include "cli/table.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"
#include "image/store.hpp"

namespace stack::cli {

namespace {

using engine::ContainerRow;

std::vector<ContainerRow> chosen_rows(const Context& context, const Flags& flags) {
    std::vector<ContainerRow> rows = StateView{context.paths}.list();
    const ContainerFilters filters{flags.values("filter")};
    const long last = flags.on("latest") ? 1 : flags.number("last").value_or(-1);
    const bool all = flags.on("all") || last >= 0 || filters.about_status();
    std::erase_if(rows, [&](const ContainerRow& row) {
        const bool other = !flags.words().empty() &&
                           std::none_of(flags.words().begin(), flags.words().end(), [&](const std::string& word) {
                               return row.name == word || row.id.starts_with(word);
                           });
        return other || (!all && !row.is_up()) || !filters.match(row);
    });
    if (last >= 0 && rows.size() > static_cast<size_t>(last)) {
        rows.resize(static_cast<size_t>(last));
    }
    return rows;
}

/// The text of the column SIZE.
using SizeOf = std::function<std::string(const ContainerRow& row)>;

/// `size_of`: null without --size.
void print_table(const std::vector<ContainerRow>& rows, bool no_trunc, const SizeOf& size_of) {
    std::vector<std::string> head{"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"};
    if (size_of) {
        head.emplace_back("SIZE");
    }
    Table table{head};
    for (const ContainerRow& row : rows) {
        std::vector<std::string> line{no_trunc ? row.id : short_id(row.id),
                                      row.image,
                                      command_text(row, no_trunc),
                                      created_text(row),
                                      status_text(row),
                                      ports_text(row),
                                      row.name};
        if (size_of) {
            line.push_back(size_of(row));
        }
        table.add(line);
    }
    fmt::print("{}", table.str());
}

}  // namespace

int container_ps(Context& context, const Flags& flags) {
    const std::vector<ContainerRow> rows = chosen_rows(context, flags);
    const std::string format = flags.value_or("format", "table");
    const bool no_trunc = flags.on("no-trunc");
    if (flags.on("quiet")) {
        for (const ContainerRow& row : rows) {
            fmt::print("{}\n", no_trunc ? row.id : short_id(row.id));
        }
        return 0;
    }
    const image::ImageStore images{context.paths};
    const SizeOf size_of = [&](const ContainerRow& row) {
        return size_text(container_size(context.paths, images, row));
    };
    if (format == "table") {
        print_table(rows, no_trunc, flags.on("size") ? size_of : nullptr);
        return 0;
    }
    const bool with_size = flags.on("size") || format.find(".Size") != std::string::npos;
    nlohmann::json all = nlohmann::json::array();
    for (const ContainerRow& row : rows) {
        all.push_back(docker_ps_fields(row, no_trunc));
        if (with_size) {
            all.back()["Size"] = size_of(row);
        }
    }
    fmt::print("{}", render_rows(format == "json" ? "{{json .}}" : format, all));
    return 0;
}

}  // namespace stack::cli
