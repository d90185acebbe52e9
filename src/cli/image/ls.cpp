#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <fnmatch.h>
#include <nlohmann/json.hpp>

#include "cli/image/image_text.hpp"
#include "cli/table.hpp"
#include "cli/template.hpp"
#include "cli/time_arg.hpp"
#include "cli/verbs.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

using nlohmann::json;

struct Row {
    std::string repository{"<none>"}, tag{"<none>"}, digest{"<none>"}, id;
    const image::ImageSummary* image;
};

bool has_label(const image::ImageStore& store, const std::string& id, std::string_view wanted) {
    const auto config = store.find_by_id(id)->config;
    const auto equals = wanted.find('=');
    const auto label = config.labels.find(std::string{wanted.substr(0, equals)});
    return label != config.labels.end() &&
           (equals == std::string_view::npos || label->second == wanted.substr(equals + 1));
}

bool matches_reference(const image::Reference& reference, const std::string& pattern) {
    const std::string tagged = reference.familiar();
    const std::string name = reference.familiar_repository();
    return ::fnmatch(pattern.c_str(), tagged.c_str(), FNM_PATHNAME) == 0 ||
           ::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0;
}

/// One --filter. Removes images, or only some of their names.
void apply_filter(const image::ImageStore& store, std::vector<image::ImageSummary>& images, const std::string& filter) {
    const auto equals = filter.find('=');
    const std::string key = filter.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : filter.substr(equals + 1);
    using Summary = image::ImageSummary;
    if (key == "dangling") {
        const auto wanted = parse_bool(value);
        if (!wanted) {
            throw UsageError{fmt::format("invalid filter 'dangling={}'", value)};
        }
        std::erase_if(images, [&](const Summary& image) { return image.references.empty() != *wanted; });
    } else if (key == "label") {
        std::erase_if(images, [&](const Summary& image) { return !has_label(store, image.id, value); });
    } else if (key == "before" || key == "since") {
        const auto mark = store.get(value);
        std::erase_if(images, [&](const Summary& image) {
            return key == "before" ? image.created_unix >= mark.created_unix : image.created_unix <= mark.created_unix;
        });
    } else if (key == "until") {
        constexpr std::int64_t second_ns = 1'000'000'000;
        const auto until = parse_moment(value, "filter until") / second_ns;
        std::erase_if(images, [&](const Summary& image) { return image.created_unix >= until; });
    } else if (key == "reference") {
        for (Summary& image : images) {
            std::erase_if(image.references, [&](const auto& name) { return !matches_reference(name, value); });
        }
        std::erase_if(images, [](const Summary& image) { return image.references.empty(); });
    } else {
        throw UsageError{fmt::format("invalid filter '{}'", key)};
    }
}

/// The word behind the command: one repository, or one tag of it.
void keep_repository(std::vector<image::ImageSummary>& images, const std::string& word) {
    const auto wanted = image::parse_reference(word);
    for (auto& image : images) {
        std::erase_if(image.references, [&](const image::Reference& name) {
            return name.repository() != wanted.repository() || (!wanted.tag.empty() && name.tag != wanted.tag);
        });
    }
    std::erase_if(images, [](const auto& image) { return image.references.empty(); });
}

std::string digest_in(const image::ImageSummary& image, const std::string& repository) {
    for (const std::string& digest : image.repo_digests) {
        if (digest.starts_with(repository + '@')) {
            return digest.substr(digest.find('@') + 1);
        }
    }
    return "<none>";
}

std::vector<Row> rows_of(const std::vector<image::ImageSummary>& images, bool whole_ids) {
    std::vector<Row> rows;
    for (const auto& image : images) {
        const std::string id = whole_ids ? image.id : short_image_id(image.id);
        for (const image::Reference& name : image.references) {
            rows.push_back({name.familiar_repository(), name.tag, digest_in(image, name.repository()), id, &image});
        }
        if (image.references.empty()) {
            rows.push_back({"<none>", "<none>", "<none>", id, &image});
        }
    }
    return rows;
}

json as_json(const Row& row) {
    const std::string size = format_decimal_size(row.image->size);
    return {{"Repository", row.repository},
            {"Tag", row.tag},
            {"Digest", row.digest},
            {"ID", row.id},
            {"CreatedSince", time_ago(row.image->created_unix)},
            {"CreatedAt", go_time(row.image->created_unix)},
            {"Size", size},
            {"VirtualSize", size},
            {"SharedSize", "N/A"},
            {"UniqueSize", "N/A"},
            {"Containers", "N/A"}};
}

void print_table(const std::vector<Row>& rows, bool digests) {
    std::vector<std::string> headings = {"REPOSITORY", "TAG"};
    if (digests) {
        headings.emplace_back("DIGEST");
    }
    headings.insert(headings.end(), {"IMAGE ID", "CREATED", "SIZE"});
    Table table{headings};
    for (const Row& row : rows) {
        std::vector<std::string> cells = {row.repository, row.tag};
        if (digests) {
            cells.push_back(row.digest);
        }
        cells.insert(cells.end(), {row.id, time_ago(row.image->created_unix), format_decimal_size(row.image->size)});
        table.add(cells);
    }
    fmt::print("{}", table.str());
}

void print_ids(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        fmt::print("{}\n", row.id);
    }
}

}  // namespace

int list_images(Context& context, const Flags& flags) {
    const image::ImageStore store{context.paths};
    auto images = store.list();
    for (const std::string& filter : flags.values("filter")) {
        apply_filter(store, images, filter);
    }
    if (!flags.words().empty()) {
        keep_repository(images, flags.words()[0]);
    }
    const auto rows = rows_of(images, flags.on("no-trunc"));
    const std::string format = flags.value_or("format", "table");
    if (flags.on("quiet")) {
        print_ids(rows);
    } else if (format == "table") {
        print_table(rows, flags.on("digests"));
    } else {
        json list = json::array();
        for (const Row& row : rows) {
            list.push_back(as_json(row));
        }
        fmt::print("{}", render_rows(format == "json" ? "{{json .}}" : format, list));
    }
    return 0;
}

}  // namespace stack::cli
