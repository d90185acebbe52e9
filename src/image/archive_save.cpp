#include <algorithm>
#include <ctime>
#include <map>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "image/annotations.hpp"
#include "image/archive.hpp"
#include "image/archive_writer.hpp"
#include "image/file_input.hpp"
#include "image/layer_export.hpp"
#include "image/layout_save.hpp"
#include "image/manifest.hpp"
#include "image/media_types.hpp"
#include "image/outgoing.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::image {
namespace {

using nlohmann::json;

struct Wanted {
    Image image;
    std::vector<Reference> names;
};

std::vector<Wanted> find_wanted(const ImageStore& store, const std::vector<std::string>& names) {
    std::vector<Wanted> wanted;
    for (const std::string& name : names) {
        Image image = store.get(name);
        auto known =
            std::find_if(wanted.begin(), wanted.end(), [&](const Wanted& other) { return other.image.id == image.id; });
        const auto reference = find_reference(name);
        const bool by_name = reference && reference->digest.empty() &&
                             std::find(image.references.begin(), image.references.end(),
                                       reference->with_default_tag()) != image.references.end();
        if (known == wanted.end()) {
            wanted.push_back({std::move(image), {}});
            known = std::prev(wanted.end());
        }
        if (by_name) {
            known->names.push_back(reference->with_default_tag());
        }
    }
    return wanted;
}

constexpr const char* name_annotation = "org.opencontainers.image.ref.name";

std::string name_of(const Descriptor& entry) {
    const auto found = entry.annotations.find(name_annotation);
    return found == entry.annotations.end() ? "" : found->second;
}

class Saver {
public:
    /// `index`: what index.json has besides.
    Saver(const ImageStore& store, ArchiveWriter& writer, ArchiveFormat format, const ProgressSink& progress,
          std::vector<Descriptor> index = {})
        : state_{store.state()}, writer_{writer}, format_{format}, progress_{progress}, index_{std::move(index)} {}

    void run(const std::vector<Wanted>& images) {
        writer_.folder("blobs");
        writer_.folder("blobs/sha256");
        for (const Wanted& wanted : images) {
            save(wanted);
        }
        writer_.file("index.json", write_index(index_));
        if (format_ == ArchiveFormat::docker) {
            writer_.file("manifest.json", docker_manifest_.dump());
        }
        writer_.file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
        writer_.finish();
    }

private:
    void save(const Wanted& wanted) {
        const ImageConfig& config = wanted.image.config;
        Manifest manifest;
        manifest.media_type = media_type::oci_manifest;
        manifest.config = {media_type::oci_config, wanted.image.id, std::ssize(config.original), {}, {}};
        const auto annotations = find_annotations(state_, wanted.image.id).value_or(Annotations{});
        manifest.annotations = annotations.manifest;
        // The manifest by which the image came names the very blobs that we have: give it back as it was.
        const std::string original = format_ == ArchiveFormat::oci ? find_original_manifest(state_, wanted.image) : "";
        if (!original.empty()) {
            manifest = parse_manifest(original);
        }
        for (size_t i = 0; i < config.diff_ids.size(); ++i) {
            const std::string preferred = original.empty() ? "" : manifest.layers[i].digest;
            const Descriptor layer = save_layer(wanted.image.chain_ids[i], config.diff_ids[i], preferred);
            if (original.empty()) {
                manifest.layers.push_back(layer);
            }
        }
        blob(wanted.image.id, config.original);
        index_image(wanted, original.empty() ? write_manifest(manifest) : original, manifest, annotations.descriptor);
    }

    Descriptor save_layer(const std::string& chain, const std::string& diff_id, const std::string& preferred) {
        const auto kept = format_ == ArchiveFormat::oci && preferred != diff_id
                              ? find_layer_blob(state_, diff_id, preferred)
                              : std::nullopt;
        if (kept) {
            save_kept_blob(*kept);
            return {kept->media_type, kept->digest, kept->size, {}, {}};
        }
        auto row = state_.database.prepare("SELECT tar_size FROM layers WHERE chain_id = ?");
        if (!row.bind(chain).step()) {
            throw Error(Errc::not_found, fmt::format("layer {} is not in the store", chain));
        }
        const std::int64_t size = row.integer(0);
        if (begin_blob(diff_id, size)) {
            write_layer_tar(state_, diff_id, [&](std::string_view bytes) { writer_.put_content(bytes); });
            writer_.end();
        }
        return {media_type::oci_layer, diff_id, size, {}, {}};
    }

    void save_kept_blob(const LayerBlob& kept) {
        if (!begin_blob(kept.digest, kept.size)) {
            return;
        }
        const auto file = state_.blob(kept.digest);
        const UniqueFd fd = kernel::open_at(AT_FDCWD, file, O_RDONLY);
        FileInput input{fd.get(), 0, kept.size, file};
        for (auto bytes = input.next(); !bytes.empty(); bytes = input.next()) {
            writer_.put_content(bytes);
        }
        writer_.end();
    }

    // False if the archive has this blob already.
    bool begin_blob(const std::string& digest, std::int64_t size) {
        if (!written_.insert(digest).second) {
            return false;
        }
        if (progress_) {
            progress_({Progress::Kind::message, "", 0, 0, fmt::format("writing {}", digest)});
        }
        writer_.begin("blobs/sha256/" + digest_hex(digest), size);
        return true;
    }

    void blob(const std::string& digest, std::string_view content) {
        if (begin_blob(digest, std::ssize(content))) {
            writer_.put_content(content);
            writer_.end();
        }
    }

    void index_image(const Wanted& wanted, const std::string& manifest_json, const Manifest& manifest,
                     const std::map<std::string, std::string>& annotations) {
        Descriptor descriptor;
        descriptor.media_type = manifest.media_type.empty() ? media_type::oci_manifest : manifest.media_type;
        descriptor.digest = "sha256:" + sha256_hex(manifest_json);
        descriptor.size = std::ssize(manifest_json);
        descriptor.platform = Platform{wanted.image.os, wanted.image.architecture, wanted.image.variant};
        descriptor.annotations = annotations;
        blob(descriptor.digest, manifest_json);
        if (wanted.names.empty()) {
            put_into_index(descriptor);
        }
        json tags = json::array();
        for (const Reference& name : wanted.names) {
            // skopeo finds an image in an archive by ref.name, containerd by its own.
            descriptor.annotations[name_annotation] = name.familiar();
            descriptor.annotations["io.containerd.image.name"] = name.canonical();
            put_into_index(descriptor);
            tags.push_back(name.familiar());
        }
        json layers = json::array();
        for (const std::string& diff_id : wanted.image.config.diff_ids) {
            layers.push_back("blobs/sha256/" + digest_hex(diff_id));
        }
        docker_manifest_.push_back({{"Config", "blobs/sha256/" + digest_hex(wanted.image.id)},
                                    {"RepoTags", std::move(tags)},
                                    {"Layers", std::move(layers)}});
    }

    /// A name is of one image, and an image without a name is there once.
    void put_into_index(const Descriptor& descriptor) {
        std::erase_if(index_, [&](const Descriptor& other) {
            const auto name = name_of(other);
            return name == name_of(descriptor) && (!name.empty() || other.digest == descriptor.digest);
        });
        index_.push_back(descriptor);
    }

    const ImageStore::State& state_;
    ArchiveWriter& writer_;
    ArchiveFormat format_;
    const ProgressSink& progress_;
    std::set<std::string> written_;
    std::vector<Descriptor> index_;
    json docker_manifest_ = json::array();
};

}  // namespace

void save_archive(const ImageStore& store, const std::vector<std::string>& names, int fd, ArchiveFormat format,
                  const ProgressSink& progress) {
    const auto held = store.hold();
    const auto wanted = find_wanted(store, names);
    TarArchive writer{fd};
    Saver{store, writer, format, progress}.run(wanted);
}

void save_layout(const ImageStore& store, const std::vector<std::string>& names, const std::filesystem::path& folder,
                 ArchiveFormat format, const ProgressSink& progress) {
    const auto held = store.hold();
    const auto wanted = find_wanted(store, names);
    const auto before = find_file(folder / "index.json");
    FolderArchive writer{folder};
    Saver{store, writer, format, progress, before ? parse_index(*before) : std::vector<Descriptor>{}}.run(wanted);
}

}  // namespace stack::image
