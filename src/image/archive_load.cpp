#include <algorithm>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "image/archive.hpp"
#include "image/archive_index.hpp"
#include "image/image_import.hpp"
#include "image/layout_folder.hpp"
#include "image/oci_layout.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

using nlohmann::json;

[[noreturn]] void wrong(std::string_view what) {
    throw Error(Errc::invalid_input, fmt::format("the image archive's {}", what));
}

// --- docker-archive: manifest.json is a list of {Config, RepoTags, Layers}

IncomingImage read_docker_image(const ArchiveIndex& archive, const json& item) {
    if (!item.is_object() || !item.contains("Config") || !item["Config"].is_string() || !item.contains("Layers") ||
        !item["Layers"].is_array()) {
        wrong("manifest.json has no 'Config' and 'Layers'");
    }
    IncomingImage image;
    image.config_json = archive.read(item["Config"].get<std::string>());
    for (const json& layer : item["Layers"]) {
        if (!layer.is_string()) {
            wrong("manifest.json has a layer that is not a file name");
        }
        const auto name = layer.get<std::string>();
        ExpectedLayer expected;
        expected.size = archive.size(name);
        image.layers.push_back({expected, [&archive, name] { return archive.open(name); }});
    }
    if (item.contains("RepoTags") && item["RepoTags"].is_array()) {
        for (const json& tag : item["RepoTags"]) {
            if (tag.is_string()) {
                image.names.push_back(parse_reference(tag.get<std::string>()).with_default_tag());
            }
        }
    }
    assign_diff_ids(image);
    return image;
}

std::vector<IncomingImage> read_docker_archive(const ArchiveIndex& archive) {
    const json list = json::parse(archive.read("manifest.json"), nullptr, false);
    if (!list.is_array() || list.empty()) {
        wrong("manifest.json is not a list of images");
    }
    std::vector<IncomingImage> images;
    for (const json& item : list) {
        images.push_back(read_docker_image(archive, item));
    }
    return images;
}

std::vector<IncomingImage> read_archive(const ArchiveIndex& archive) {
    if (archive.has("manifest.json")) {
        return read_docker_archive(archive);
    }
    if (archive.has("index.json")) {
        return read_oci_images(archive);
    }
    if (archive.has("repositories")) {
        throw Error(Errc::unsupported, "the image archive is in the format of Docker before 1.10")
            .hint("load and save it again with a newer engine");
    }
    throw Error(Errc::invalid_input, "this tar is no image archive: it has neither manifest.json nor index.json")
        .hint("for the files of a root file system use 'stack image import'");
}

std::int64_t limit_from(const char* variable, std::int64_t fallback, std::int64_t (*parse)(std::string_view)) {
    const char* text = std::getenv(variable);
    if (text == nullptr || *text == '\0') {
        return fallback;
    }
    const std::int64_t value = parse(text);
    if (value < 0) {
        throw Error(Errc::invalid_input, fmt::format("{} must be a number, not '{}'", variable, text));
    }
    return value;
}

bool flag_from(const char* variable) {
    const char* text = std::getenv(variable);
    const std::string_view value = text == nullptr ? "" : text;
    if (value == "1" || value == "true") {
        return true;
    }
    if (value.empty() || value == "0" || value == "false") {
        return false;
    }
    throw Error(Errc::invalid_input, fmt::format("{} must be 1 or 0, not '{}'", variable, value));
}

}  // namespace

UnpackLimits UnpackLimits::from_environment() {
    UnpackLimits limits;
    limits.max_bytes = limit_from("STACK_MAX_LAYER_SIZE", limits.max_bytes, [](std::string_view text) {
        const auto size = parse_byte_size(text);
        return size ? size->count : -1;
    });
    limits.max_entries = limit_from("STACK_MAX_LAYER_ENTRIES", limits.max_entries,
                                    [](std::string_view text) { return parse_int(text).value_or(-1); });
    limits.absolute_names = flag_from("STACK_ABSOLUTE_LAYER_NAMES");
    return limits;
}

std::vector<LoadedImage> load_archive(ImageStore& store, int fd, const ProgressSink& progress,
                                      const UnpackLimits& limits) {
    const auto held = store.hold();
    const ArchiveIndex archive{store.paths(), fd, limits};
    const auto images = read_archive(archive);
    const auto ids = import_images(store, images, std::thread::hardware_concurrency(), limits, progress);
    std::vector<LoadedImage> loaded;
    for (size_t i = 0; i < images.size(); ++i) {
        loaded.push_back({ids[i], images[i].names});
    }
    return loaded;
}

LayoutImage load_layout(ImageStore& store, const std::filesystem::path& folder, const std::string& tag,
                        const std::string& digest, const Platform& platform) {
    const auto held = store.hold();
    const LayoutFolder files{folder};
    if (!files.has("index.json")) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is no image layout: it has no index.json", folder.string()));
    }
    auto image = read_oci_image(files, tag, digest, platform);
    image.names.clear();
    const bool was_here = store.find_by_id("sha256:" + sha256_hex(image.config_json)).has_value();
    const auto ids = import_images(store, {image}, std::thread::hardware_concurrency(),
                                   UnpackLimits::from_environment(), ProgressSink{});
    return {ids.front(), was_here};
}

}  // namespace stack::image
