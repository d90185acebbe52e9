#include <algorithm>
#include <map>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>

#include "image/annotations.hpp"
#include "image/compression.hpp"
#include "image/layer_export.hpp"
#include "image/media_types.hpp"
#include "image/outgoing.hpp"
#include "image/pull.hpp"
#include "image/registry/client.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::image {
namespace {

using registry::Client;

constexpr std::int64_t progress_step = std::int64_t{512} << 10U;

class Pusher {
public:
    Pusher(ImageStore& store, const Reference& reference, const ProgressSink& progress)
        : state_{store.state()},
          reference_{reference},
          progress_{progress},
          image_{store.get(reference.canonical())},
          client_{registry::make_client(reference.domain)},
          scratch_{state_.paths.temporary(), "image-push-"} {
        if (progress) {
            client_.on_wait([this](const std::string& text) { progress_({Progress::Kind::notice, "", 0, 0, text}); });
        }
    }

    PushResult run() {
        const std::string original = find_original();
        Manifest manifest = original.empty() ? new_manifest() : parse_manifest(original);
        for (size_t i = 0; i < manifest.layers.size(); ++i) {
            push_layer(manifest.layers[i], image_.config.diff_ids[i]);
        }
        push_config(manifest.config);
        const std::string text = original.empty() ? write_manifest(manifest) : original;
        const std::string type = document_type(text, media_type::oci_manifest);
        client_.put_manifest(reference_.path, reference_.tag, text, type);
        const std::string digest = put_blob(state_, text);
        state_.database.prepare("INSERT OR REPLACE INTO image_manifests VALUES(?, ?, ?, ?)")
            .bind_all(reference_.repository(), digest, image_.id, type)
            .run();
        return {digest, std::ssize(text)};
    }

private:
    /// The manifest that the image came with. A layer that was here before it, in another form, has to be had in the
    /// manifest's; where that cannot be, the image goes out with a new manifest.
    std::string find_original() {
        for (auto& text : original_manifests(state_, image_)) {
            const auto manifest = parse_manifest(text);
            bool there = true;
            for (size_t i = 0; i < manifest.layers.size() && there; ++i) {
                const auto& layer = manifest.layers[i];
                const auto& diff_id = image_.config.diff_ids[i];
                there = has_layer_blob(state_, layer, diff_id) || client_.has_blob(reference_.path, layer.digest) ||
                        mount(layer.digest) || fetch(layer);
            }
            if (there) {
                return std::move(text);
            }
        }
        return {};
    }

    /// From a repository that the image is known in. Not kept: that it is this layer is only what the manifest says.
    bool fetch(const Descriptor& layer) {
        const auto file = scratch_.path() / digest_hex(layer.digest);
        for (const std::string& known : image_.repo_digests) {
            const Reference source = parse_reference(known);
            try {
                report(Progress::Kind::message, "", 0, 0, fmt::format("fetching a layer from {}", source.domain));
                registry::make_client(source.domain)
                    .download(source.path, layer.digest, layer.size, file, [](std::int64_t) {});
            } catch (const Error&) {
                continue;  // gone there, or not reachable
            }
            fetched_[layer.digest] = file;
            return true;
        }
        return false;
    }

    /// Layers go out in the compressed form that is kept; those that have none are compressed now, and the result is
    /// kept, so that the next push sends the same digests.
    Manifest new_manifest() {
        Manifest manifest;
        manifest.media_type = media_type::docker_manifest;
        manifest.config = {media_type::docker_config, image_.id, std::ssize(image_.config.original), {}, {}};
        for (const std::string& diff_id : image_.config.diff_ids) {
            const auto kept = find_layer_blob(state_, diff_id);
            const LayerBlob blob = kept ? *kept : compress(diff_id);
            manifest.layers.push_back({blob.media_type, blob.digest, blob.size, {}, {}});
        }
        manifest.annotations = find_annotations(state_, image_.id).value_or(Annotations{}).manifest;
        // Docker's manifest and OCI's are not mixed: other layer types than Docker's gzip make it an OCI one, and so do
        // annotations, which Docker's has not.
        const bool is_docker = manifest.annotations.empty() &&
                               std::all_of(manifest.layers.begin(), manifest.layers.end(), [](const Descriptor& layer) {
                                   return layer.media_type == media_type::docker_layer_gzip;
                               });
        if (!is_docker) {
            manifest.media_type = media_type::oci_manifest;
            manifest.config.media_type = media_type::oci_config;
            for (Descriptor& layer : manifest.layers) {
                if (layer.media_type == media_type::docker_layer_gzip) {
                    layer.media_type = media_type::of_layer(Compression::gzip);
                }
            }
        }
        return manifest;
    }

    LayerBlob compress(const std::string& diff_id) {
        report(Progress::Kind::message, "", 0, 0, fmt::format("compressing {}", digest_hex(diff_id).substr(0, 12)));
        const auto file = scratch_.path() / digest_hex(diff_id);
        LayerBlob blob{"", media_type::docker_layer_gzip, 0};
        {
            const UniqueFd fd = kernel::open_at(AT_FDCWD, file, O_WRONLY | O_CREAT | O_EXCL, 0600);
            const auto compressor = Compressor::make(Compression::gzip);
            Sha256 sha;
            const auto take = [&](std::string_view bytes) {
                sha.update(bytes);
                blob.size += std::ssize(bytes);
                write_all(fd.get(), bytes, file);
            };
            write_layer_tar(state_, diff_id, [&](std::string_view bytes) { compressor->feed(bytes, take); });
            compressor->finish(take);
            blob.digest = "sha256:" + sha.finish_hex();
        }
        std::filesystem::rename(file, state_.blob(blob.digest));
        state_.database.prepare("INSERT OR IGNORE INTO layer_blobs VALUES(?, ?, ?, ?)")
            .bind_all(diff_id, blob.digest, blob.media_type, blob.size)
            .run();
        return blob;
    }

    void push_layer(const Descriptor& layer, const std::string& diff_id) {
        const std::string id = digest_hex(layer.digest).substr(0, 12);
        if (!sent_.insert(layer.digest).second) {
            return;
        }
        if (client_.has_blob(reference_.path, layer.digest)) {
            report(Progress::Kind::done, id, layer.size, layer.size, "Layer already exists");
            return;
        }
        if (mount(layer.digest)) {
            report(Progress::Kind::done, id, layer.size, layer.size, "Mounted from another repository");
            return;
        }
        client_.upload(reference_.path, layer.digest, layer_file(layer, diff_id), [&](std::int64_t there) {
            if (there - shown_ >= progress_step || there == layer.size) {
                shown_ = there;
                report(Progress::Kind::uploading, id, there, layer.size, "");
            }
        });
        shown_ = 0;
        report(Progress::Kind::done, id, layer.size, layer.size, "Pushed");
    }

    std::string layer_file(const Descriptor& layer, const std::string& diff_id) {
        if (const auto fetched = fetched_.find(layer.digest); fetched != fetched_.end()) {
            return fetched->second;
        }
        if (const auto kept = state_.blob(layer.digest); std::filesystem::exists(kept)) {
            return kept;
        }
        // The manifest names the plain tar, which is made again for this.
        const auto file = scratch_.path() / digest_hex(diff_id);
        const UniqueFd fd = kernel::open_at(AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        write_layer_tar(state_, diff_id, [&](std::string_view bytes) { write_all(fd.get(), bytes, file); });
        return file;
    }

    /// Tried with the other repositories of the same registry that this image is known in.
    bool mount(const std::string& digest) {
        for (const std::string& known : image_.repo_digests) {
            const Reference other = parse_reference(known);
            if (other.domain == reference_.domain && other.path != reference_.path) {
                if (client_.mount_blob(reference_.path, digest, other.path)) {
                    return true;
                }
            }
        }
        return false;
    }

    void push_config(const Descriptor& config) {
        if (!client_.has_blob(reference_.path, config.digest)) {
            client_.upload(reference_.path, config.digest, state_.blob(config.digest), [](std::int64_t) {});
        }
    }

    void report(Progress::Kind kind, const std::string& id, std::int64_t there, std::int64_t total,
                const std::string& text) {
        if (progress_) {
            progress_({kind, id, there, total, text});
        }
    }

    const ImageStore::State& state_;
    const Reference& reference_;
    const ProgressSink& progress_;
    Image image_;
    Client client_;
    TempDir scratch_;
    std::set<std::string> sent_;
    std::map<std::string, std::string> fetched_;  ///< files by digest
    std::int64_t shown_{0};
};

}  // namespace

PushResult push_image(ImageStore& store, const Reference& reference, const ProgressSink& progress) {
    const auto held = store.hold();
    const Reference wanted = reference.with_default_tag();
    if (!wanted.digest.empty()) {
        throw Error(Errc::invalid_input, "cannot push by digest")
            .hint("push a tag: the digest follows from the content");
    }
    return while_doing(fmt::format("push '{}'", wanted.familiar()), [&] {
        return Pusher{store, wanted, progress}.run();
    });
}

}  // namespace stack::image
