#include "image/manifest.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "image/media_types.hpp"
#include "image/reference.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

using nlohmann::json;

constexpr size_t most_descriptors = 10'000;

[[noreturn]] void wrong(std::string_view what) {
    throw Error(Errc::invalid_input, fmt::format("image manifest: {}", what));
}

json parse(std::string_view text) {
    json document = json::parse(text, nullptr, false);
    if (!document.is_object()) {
        wrong("not a JSON object");
    }
    return document;
}

std::string text_member(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) {
        return {};
    }
    if (!found->is_string()) {
        wrong(fmt::format("'{}' must be a string", key));
    }
    return found->get<std::string>();
}

Platform read_platform(const json& object) {
    return {text_member(object, "os"), text_member(object, "architecture"), text_member(object, "variant")};
}

std::map<std::string, std::string> read_annotations(const json& object) {
    std::map<std::string, std::string> annotations;
    if (const auto found = object.find("annotations"); found != object.end() && found->is_object()) {
        for (const auto& item : found->items()) {
            if (item.value().is_string()) {
                annotations[item.key()] = item.value().get<std::string>();
            }
        }
    }
    return annotations;
}

Descriptor read_descriptor(const json& object) {
    if (!object.is_object()) {
        wrong("a descriptor must be an object");
    }
    Descriptor descriptor;
    descriptor.media_type = text_member(object, "mediaType");
    descriptor.digest = text_member(object, "digest");
    if (!is_sha256_digest(descriptor.digest)) {
        wrong(fmt::format("'{}' is not a sha256 digest", abbreviate(descriptor.digest, 100)));
    }
    const auto size = object.find("size");
    if (size == object.end() || !size->is_number_integer() || size->get<std::int64_t>() < 0) {
        wrong(fmt::format("{} has no size", descriptor.digest));
    }
    descriptor.size = size->get<std::int64_t>();
    descriptor.annotations = read_annotations(object);
    if (const auto found = object.find("platform"); found != object.end() && found->is_object()) {
        descriptor.platform = read_platform(*found);
    }
    return descriptor;
}

std::vector<Descriptor> read_descriptors(const json& document, const char* key) {
    const auto list = document.find(key);
    if (list == document.end() || !list->is_array()) {
        wrong(fmt::format("'{}' must be a list", key));
    }
    if (list->size() > most_descriptors) {
        wrong(fmt::format("'{}' has more than {} entries", key, most_descriptors));
    }
    std::vector<Descriptor> descriptors;
    for (const json& item : *list) {
        descriptors.push_back(read_descriptor(item));
    }
    return descriptors;
}

json as_json(const Descriptor& descriptor) {
    json object = {{"mediaType", descriptor.media_type}, {"digest", descriptor.digest}, {"size", descriptor.size}};
    if (!descriptor.annotations.empty()) {
        object["annotations"] = descriptor.annotations;
    }
    if (descriptor.platform) {
        object["platform"] = {{"os", descriptor.platform->os}, {"architecture", descriptor.platform->architecture}};
        if (!descriptor.platform->variant.empty()) {
            object["platform"]["variant"] = descriptor.platform->variant;
        }
    }
    return object;
}

// arm runs what older arms run: v7 on v8, not the other way (containerd platforms/compare.go).
int variant_rank(const Platform& candidate, const Platform& wanted) {
    if (candidate.variant == wanted.variant) {
        return 100;
    }
    if (candidate.variant.empty()) {
        return 99;
    }
    const auto level = [](const std::string& variant) {
        return variant.starts_with('v') ? parse_int(variant.substr(1)).value_or(-1) : -1;
    };
    const auto have = level(candidate.variant);
    const auto want = wanted.variant.empty() ? (wanted.architecture == "arm64" ? 8 : -1) : level(wanted.variant);
    return have >= 0 && have <= want ? static_cast<int>(have) : -1;
}

}  // namespace

std::string document_type(std::string_view text, std::string_view announced_type) {
    const json document = parse(text);
    const std::string own = text_member(document, "mediaType");
    const std::string type = own.empty() ? std::string{announced_type} : own;
    if (type == media_type::docker_schema1 || document.contains("fsLayers") || document.contains("signatures")) {
        throw Error(Errc::unsupported, "the image has a Docker schema 1 manifest, which went out of use in 2017")
            .hint("push it again with a current tool");
    }
    if (media_type::is_index(type) || media_type::is_manifest(type)) {
        return type;
    }
    if (document.contains("manifests")) {
        return media_type::oci_index;
    }
    if (document.contains("layers") && document.contains("config")) {
        return media_type::oci_manifest;
    }
    wrong(type.empty() ? "neither a manifest nor an index"
                       : fmt::format("of an unknown kind '{}'", abbreviate(type, 100)));
}

Manifest parse_manifest(std::string_view text) {
    const json document = parse(text);
    Manifest manifest;
    manifest.media_type = text_member(document, "mediaType");
    const auto config = document.find("config");
    if (config == document.end()) {
        wrong("there is no config");
    }
    manifest.config = read_descriptor(*config);
    manifest.layers = read_descriptors(document, "layers");
    manifest.annotations = read_annotations(document);
    if (manifest.config.media_type != media_type::oci_config &&
        manifest.config.media_type != media_type::docker_config && !manifest.config.media_type.empty()) {
        throw Error(Errc::unsupported, fmt::format("this is not an image that runs, but an artifact of type '{}'",
                                                   abbreviate(manifest.config.media_type, 100)));
    }
    return manifest;
}

std::vector<Descriptor> parse_index(std::string_view text) {
    return read_descriptors(parse(text), "manifests");
}

std::string write_manifest(const Manifest& manifest) {
    json layers = json::array();
    for (const Descriptor& layer : manifest.layers) {
        layers.push_back(as_json(layer));
    }
    json document = {{"schemaVersion", 2},
                     {"mediaType", manifest.media_type},
                     {"config", as_json(manifest.config)},
                     {"layers", std::move(layers)}};
    if (!manifest.annotations.empty()) {
        document["annotations"] = manifest.annotations;
    }
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string write_index(const std::vector<Descriptor>& manifests) {
    json list = json::array();
    for (const Descriptor& manifest : manifests) {
        list.push_back(as_json(manifest));
    }
    const json document = {{"schemaVersion", 2}, {"mediaType", media_type::oci_index}, {"manifests", std::move(list)}};
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

const Descriptor& choose_platform(const std::vector<Descriptor>& manifests, const Platform& wanted,
                                  std::string_view image_name) {
    const Descriptor* best = nullptr;
    int best_rank = -1;
    std::vector<std::string> there;
    for (const Descriptor& candidate : manifests) {
        const bool named = candidate.platform && !candidate.platform->os.empty() && candidate.platform->os != "unknown";
        if (!named) {
            if (manifests.size() == 1) {
                return candidate;
            }
            continue;  // attestations ("unknown/unknown") and the like
        }
        there.push_back(to_string(*candidate.platform));
        if (candidate.platform->os != wanted.os || candidate.platform->architecture != wanted.architecture) {
            continue;
        }
        const int rank = variant_rank(*candidate.platform, wanted);
        if (rank > best_rank) {
            best = &candidate;
            best_rank = rank;
        }
    }
    if (best == nullptr) {
        throw Error(Errc::not_found,
                    fmt::format("image '{}' has no version for platform {}", image_name, to_string(wanted)))
            .hint(there.empty() ? "it has none at all" : fmt::format("it has: {}", join(there, ", ")));
    }
    return *best;
}

}  // namespace stack::image
