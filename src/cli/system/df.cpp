#include <cstdio>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "build/cache.hpp"
#include "cli/container_size.hpp"
#include "cli/image/image_text.hpp"
#include "cli/state_view.hpp"
#include "cli/table.hpp"
#include "cli/template.hpp"
#include "cli/verbs.hpp"
#include "cli/volume/volume_room.hpp"
#include "support/byte_size.hpp"

namespace stack::cli {

namespace {

/// One line of the table.
struct Kind {
    const char* name;
    size_t count{0};
    size_t active{0};
    std::int64_t size{0};
    std::int64_t reclaimable{0};
};

/// What was counted, with the tables that --verbose shows of it.
struct Usage {
    Kind images{"Images"};
    Kind containers{"Containers"};
    Kind volumes{"Local Volumes"};
    Kind steps{"Build Cache"};
    Table image_table{{"REPOSITORY:TAG", "IMAGE ID", "SIZE", "CONTAINERS"}};
    Table container_table{{"CONTAINER ID", "IMAGE", "SIZE", "STATUS", "NAMES"}};
    Table volume_table{{"VOLUME NAME", "LINKS", "SIZE"}};
    std::set<std::string> image_layers;  ///< what of cached steps is part of an image takes no space of its own
};

std::string human(std::int64_t bytes) {
    return format_decimal_size(Bytes{bytes});
}

std::int64_t layer_size(const image::ImageStore& store, const std::string& chain) {
    const auto layer = store.find_layer(chain);
    return layer ? layer->size.count : 0;
}

/// Layers that images share count once, and are in use if any of these is.
void count_images(Usage& usage, const Paths& paths, const image::ImageStore& store) {
    const auto users = containers_using_images(paths);
    std::set<std::string> needed;
    for (const auto& summary : store.list()) {
        const auto image = store.find_by_id(summary.id);
        if (!image) {
            continue;
        }
        const size_t containers = users(summary.id).size();
        ++usage.images.count;
        usage.images.active += containers > 0 ? 1 : 0;
        usage.image_layers.insert(image->chain_ids.begin(), image->chain_ids.end());
        if (containers > 0) {
            needed.insert(image->chain_ids.begin(), image->chain_ids.end());
        }
        const std::string name = summary.references.empty() ? "<none>" : summary.references.front().familiar();
        usage.image_table.add(
            {name, short_image_id(summary.id), human(summary.size.count), std::to_string(containers)});
    }
    for (const std::string& chain : usage.image_layers) {
        const std::int64_t size = layer_size(store, chain);
        usage.images.size += size;
        usage.images.reclaimable += needed.count(chain) == 0 ? size : 0;
    }
}

void count_containers(Usage& usage, const Paths& paths) {
    for (const engine::ContainerRow& row : StateView{paths}.list()) {
        const std::int64_t size = file_sizes(paths.container(row.id) / "upper");
        ++usage.containers.count;
        usage.containers.active += row.is_up() ? 1 : 0;
        usage.containers.size += size;
        usage.containers.reclaimable += row.is_up() ? 0 : size;
        usage.container_table.add(
            {row.id.substr(0, 12), row.image, human(size), std::string{to_string(row.status)}, row.name});
    }
}

void count_volumes(Usage& usage, const Paths& paths) {
    const VolumeRoom room{paths};
    for (const volumes::Volume& volume : room.store.list()) {
        const size_t links = room.users(volume.name).size();
        const std::int64_t size = room.store.size_on_disk(volume);
        ++usage.volumes.count;
        usage.volumes.active += links > 0 ? 1 : 0;
        usage.volumes.size += size;
        usage.volumes.reclaimable += links > 0 ? 0 : size;
        usage.volume_table.add({volume.name, std::to_string(links), human(size)});
    }
}

void count_steps(Usage& usage, const Paths& paths, const image::ImageStore& store) {
    const Database database{paths.database()};
    const build::BuildCache cache{database};
    std::set<std::string> counted = usage.image_layers;
    for (const std::string& key : cache.unused_since(std::numeric_limits<std::int64_t>::max())) {
        const auto step = cache.find(key);
        ++usage.steps.count;
        if (step && counted.insert(step->chain_id).second) {
            usage.steps.size += layer_size(store, step->chain_id);
        }
    }
    usage.steps.reclaimable = usage.steps.size;
}

nlohmann::json fields(const Kind& kind, bool percent) {
    std::string reclaimable = human(kind.reclaimable);
    if (percent && kind.size > 0) {
        reclaimable += fmt::format(" ({}%)", kind.reclaimable * 100 / kind.size);
    }
    return {{"Type", kind.name},
            {"TotalCount", std::to_string(kind.count)},
            {"Active", std::to_string(kind.active)},
            {"Size", human(kind.size)},
            {"Reclaimable", reclaimable}};
}

void print_table(const nlohmann::json& rows) {
    Table table{{"TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"}};
    for (const auto& row : rows) {
        table.add({row["Type"], row["TotalCount"], row["Active"], row["Size"], row["Reclaimable"]});
    }
    fmt::print("{}", table.str());
}

void print_everything(const Usage& usage) {
    fmt::print("Images space usage:\n\n{}\n", usage.image_table.str());
    fmt::print("Containers space usage:\n\n{}\n", usage.container_table.str());
    fmt::print("Local Volumes space usage:\n\n{}\n", usage.volume_table.str());
    fmt::print("Build cache usage: {} ({} steps)\n", human(usage.steps.size), usage.steps.count);
}

}  // namespace

int show_disk_usage(Context& context, const Flags& flags) {
    const std::string format = flags.value_or("format", "table");
    if (flags.on("verbose") && format != "table") {
        throw UsageError{"--verbose and --format cannot be used together"};
    }
    Usage usage;
    const image::ImageStore store{context.paths};
    count_images(usage, context.paths, store);
    count_containers(usage, context.paths);
    count_volumes(usage, context.paths);
    count_steps(usage, context.paths, store);
    const nlohmann::json rows{fields(usage.images, true), fields(usage.containers, true), fields(usage.volumes, true),
                              fields(usage.steps, false)};
    if (flags.on("verbose")) {
        print_everything(usage);
    } else if (format == "table") {
        print_table(rows);
    } else {
        fmt::print("{}", render_rows(format == "json" ? "{{json .}}" : format, rows));
    }
    return 0;
}

}  // namespace stack::cli
