#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/compose/lifecycle.hpp"
#include "cli/container_text.hpp"
#include "cli/state_view.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "image/store.hpp"

namespace stack::cli {

namespace {

struct ImageLine {
    std::string container, repository, tag, id, platform;
    Bytes size;
};

std::vector<ImageLine> image_lines(const Context& context, const std::vector<engine::ContainerRow>& rows) {
    std::vector<ImageLine> lines;
    const image::ImageStore store{context.paths};
    for (const engine::ContainerRow& row : rows) {
        ImageLine line{.container = row.name,
                       .repository = "<none>",
                       .tag = "<none>",
                       .id = row.image_id,
                       .platform = {},
                       .size = {}};
        if (const std::optional<image::Reference> reference = image::find_reference(row.image)) {
            line.repository = reference->familiar_repository();
            line.tag = reference->with_default_tag().tag;
        }
        if (const std::optional<image::Image> image = store.find_by_id(row.image_id)) {
            line.size = image->size;
            line.platform = fmt::format("{}/{}", image->os, image->architecture);
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string short_digest(const std::string& id) {
    return short_id(id.substr(id.find(':') + 1));
}

}  // namespace

int compose_images(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    const std::optional<engine::Targets> targets = project_targets(context, project, flags.words());
    std::vector<engine::ContainerRow> rows;
    if (targets) {
        rows = StateView{context.paths}.of_project(project.name, targets->services);
    }
    const std::vector<ImageLine> lines = image_lines(context, rows);
    const std::string format = flags.value_or("format", "table");
    if (flags.on("quiet")) {
        for (const ImageLine& line : lines) {
            fmt::print("{}\n", short_digest(line.id));
        }
    } else if (format == "json") {
        nlohmann::json all = nlohmann::json::array();
        for (const ImageLine& line : lines) {
            all.push_back({{"ContainerName", line.container},
                           {"Repository", line.repository},
                           {"Tag", line.tag},
                           {"ID", line.id},
                           {"Platform", line.platform},
                           {"Size", line.size.count}});
        }
        fmt::print("{}\n", all.dump());
    } else if (format == "table") {
        Table table{{"CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE"}};
        for (const ImageLine& line : lines) {
            table.add({line.container, line.repository, line.tag, line.platform, short_digest(line.id),
                       format_decimal_size(line.size)});
        }
        fmt::print("{}", table.str());
    } else {
        throw UsageError{fmt::format("invalid value '{}' for --format: expected table or json", format)};
    }
    return 0;
}

}  // namespace stack::cli
