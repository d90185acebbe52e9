#include <algorithm>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "image/archive.hpp"
#include "image/archive_index.hpp"
#include "image/image_import.hpp"
#include "image/manifest.hpp"
#include "image/media_types.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

using nlohmann::json;

constexpr int deepest_index = 4;
constexpr const char* containerd_name = "io.containerd.image.name";
constexpr const char* oci_name = "org.opencontainers.image.ref.name";

[[noreturn]] void wrong(std::string_view what) {
    throw Error(Errc::invalid_input, fmt::format("the image archive's {}", what));
}

std::string blob_member(const std::string& digest) {
    return "blobs/sha256/" + digest_hex(digest);
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

// --- OCI image layout (image-spec "image-layout.md")

std::string read_checked(const ArchiveIndex& archive, const Descriptor& descriptor) {
    std::string content = archive.read(blob_member(descriptor.digest));
    if ("sha256:" + sha256_hex(content) != descriptor.digest) {
        throw Error(Errc::invalid_input,
                    fmt::format("'{}' in the image archive does not have its digest", blob_member(descriptor.digest)));
    }
    return content;
}

// "name:tag" as skopeo, buildah and containerd write it; a tag alone names no image.
std::vector<Reference> names_of(const Descriptor& descriptor) {
    for (const char* key : {containerd_name, oci_name}) {
        const auto found = descriptor.annotations.find(key);
        if (found != descriptor.annotations.end() && found->second.find_first_of("/:") != std::string::npos) {
            if (auto name = find_reference(found->second); name && name->digest.empty()) {
                return {name->with_default_tag()};
            }
        }
    }
    return {};
}

IncomingImage read_oci_image(const ArchiveIndex& archive, const Descriptor& descriptor, std::string manifest_json) {
    const Manifest manifest = parse_manifest(manifest_json);
    IncomingImage image;
    image.config_json = read_checked(archive, manifest.config);
    for (const Descriptor& layer : manifest.layers) {
        const std::string name = blob_member(layer.digest);
        ExpectedLayer expected;
        expected.blob_digest = layer.digest;
        expected.media_type = layer.media_type;
        expected.size = archive.size(name);
        image.layers.push_back({expected, [&archive, name] { return archive.open(name); }});
    }
    image.names = names_of(descriptor);
    image.manifest_media_type = manifest.media_type.empty() ? descriptor.media_type : manifest.media_type;
    image.manifest_json = std::move(manifest_json);
    assign_diff_ids(image);
    return image;
}

// Follows nested indexes to the manifest for this machine. The outermost name counts.
IncomingImage read_oci_entry(const ArchiveIndex& archive, Descriptor descriptor) {
    const auto annotations = descriptor.annotations;
    for (int depth = 0; depth < deepest_index; ++depth) {
        std::string document = read_checked(archive, descriptor);
        const std::string type = document_type(document, descriptor.media_type);
        if (media_type::is_manifest(type)) {
            descriptor.annotations = annotations;
            return read_oci_image(archive, descriptor, std::move(document));
        }
        const auto inner = parse_index(document);
        descriptor = choose_platform(inner, host_platform(), "of the archive");
    }
    wrong("index is nested too deeply");
}

std::vector<IncomingImage> read_oci_archive(const ArchiveIndex& archive) {
    const auto entries = parse_index(archive.read("index.json"));
    // One image for several platforms may lie in index.json itself, without a name for each.
    const bool one_image =
        entries.size() > 1 && std::all_of(entries.begin(), entries.end(), [](const Descriptor& entry) {
            return entry.platform && names_of(entry).empty();
        });
    std::vector<IncomingImage> images;
    if (one_image) {
        images.push_back(read_oci_entry(archive, choose_platform(entries, host_platform(), "of the archive")));
        return images;
    }
    for (const Descriptor& entry : entries) {
        images.push_back(read_oci_entry(archive, entry));
    }
    if (images.empty()) {
        wrong("index.json names no image");
    }
    return images;
}

std::vector<IncomingImage> read_archive(const ArchiveIndex& archive) {
    if (archive.has("manifest.json")) {
        return read_docker_archive(archive);
    }
    if (archive.has("index.json")) {
        return read_oci_archive(archive);
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

}  // namespace

UnpackLimits UnpackLimits::from_environment() {
    UnpackLimits limits;
    limits.max_bytes = limit_from("STACK_MAX_LAYER_SIZE", limits.max_bytes, [](std::string_view text) {
        const auto size = parse_byte_size(text);
        return size ? size->count : -1;
    });
    limits.max_entries = limit_from("STACK_MAX_LAYER_ENTRIES", limits.max_entries,
                                    [](std::string_view text) { return parse_int(text).value_or(-1); });
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

}  // namespace stack::image
