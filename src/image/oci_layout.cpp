#include "image/oci_layout.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "image/media_types.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

constexpr int deepest_index = 4;
constexpr const char* containerd_name = "io.containerd.image.name";
constexpr const char* oci_name = "org.opencontainers.image.ref.name";

[[noreturn]] void wrong(std::string_view what) {
    throw Error(Errc::invalid_input, fmt::format("the image archive's {}", what));
}

std::string blob_member(const std::string& digest) {
    return "blobs/sha256/" + digest_hex(digest);
}

std::string read_checked(const ArchiveFiles& archive, const Descriptor& descriptor) {
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

IncomingImage read_manifest_image(const ArchiveFiles& archive, const Descriptor& descriptor,
                                  std::string manifest_json) {
    const Manifest manifest = parse_manifest(manifest_json);
    IncomingImage image;
    image.config_json = read_checked(archive, manifest.config);
    for (const Descriptor& layer : manifest.layers) {
        const std::string name = blob_member(layer.digest);
        ExpectedLayer expected;
        expected.blob_digest = layer.digest;
        expected.media_type = layer.media_type;
        expected.size = archive.size(name);
        image.layers.push_back({expected, [&archive, name] { return archive.open(name); }, true});
    }
    image.names = names_of(descriptor);
    image.manifest_media_type = manifest.media_type.empty() ? descriptor.media_type : manifest.media_type;
    image.manifest_json = std::move(manifest_json);
    assign_diff_ids(image);
    return image;
}

// Follows nested indexes to the manifest for the platform. The outermost name counts.
IncomingImage read_entry(const ArchiveFiles& archive, Descriptor descriptor, const Platform& platform) {
    const auto annotations = descriptor.annotations;
    for (int depth = 0; depth < deepest_index; ++depth) {
        std::string document = read_checked(archive, descriptor);
        const std::string type = document_type(document, descriptor.media_type);
        if (media_type::is_manifest(type)) {
            descriptor.annotations = annotations;
            return read_manifest_image(archive, descriptor, std::move(document));
        }
        const auto inner = parse_index(document);
        descriptor = choose_platform(inner, platform, "of the archive");
    }
    wrong("index is nested too deeply");
}

/// What index.json calls an image: "latest", "docker.io/library/web:1".
std::string tag_of(const Descriptor& entry) {
    const auto found = entry.annotations.find(oci_name);
    return found == entry.annotations.end() ? "" : found->second;
}

bool has_tag(const Descriptor& entry, const std::string& tag) {
    const auto written = tag_of(entry);
    return written == tag || written.ends_with(":" + tag);
}

}  // namespace

std::vector<IncomingImage> read_oci_images(const ArchiveFiles& archive) {
    const auto entries = parse_index(archive.read("index.json"));
    // One image for several platforms may lie in index.json itself, without a name for each.
    const bool one_image =
        entries.size() > 1 && std::all_of(entries.begin(), entries.end(), [](const Descriptor& entry) {
            return entry.platform && names_of(entry).empty();
        });
    std::vector<IncomingImage> images;
    if (one_image) {
        images.push_back(
            read_entry(archive, choose_platform(entries, host_platform(), "of the archive"), host_platform()));
        return images;
    }
    for (const Descriptor& entry : entries) {
        images.push_back(read_entry(archive, entry, host_platform()));
    }
    if (images.empty()) {
        wrong("index.json names no image");
    }
    return images;
}

IncomingImage read_oci_image(const ArchiveFiles& archive, const std::string& tag, const std::string& digest,
                             const Platform& platform) {
    const auto entries = parse_index(archive.read("index.json"));
    if (!digest.empty()) {
        // It may be one inside of an index, which index.json does not name.
        const auto listed = std::ranges::find(entries, digest, &Descriptor::digest);
        Descriptor entry = listed == entries.end() ? Descriptor{} : *listed;
        entry.digest = digest;
        return read_entry(archive, std::move(entry), platform);
    }
    const auto wanted = tag.empty() ? "latest" : tag;
    const auto found = std::ranges::find_if(entries, [&](const auto& entry) { return has_tag(entry, wanted); });
    if (found != entries.end()) {
        return read_entry(archive, *found, platform);
    }
    const bool untagged = std::ranges::all_of(entries, [](const auto& entry) { return tag_of(entry).empty(); });
    if (tag.empty() && entries.size() == 1) {
        return read_entry(archive, entries.front(), platform);
    }
    if (tag.empty() && untagged && !entries.empty()) {
        return read_entry(archive, choose_platform(entries, platform, "of the layout"), platform);
    }
    std::vector<std::string> names;
    for (const auto& entry : entries) {
        names.push_back(tag_of(entry).empty() ? entry.digest : tag_of(entry));
    }
    throw Error(Errc::not_found, fmt::format("the image layout has no '{}'", wanted))
        .hint(fmt::format("it has {}", names.empty() ? "no image" : join(names, ", ")));
}

}  // namespace stack::image
