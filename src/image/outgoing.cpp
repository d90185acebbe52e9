#include "image/outgoing.hpp"

#include "image/layer_export.hpp"
#include "image/media_types.hpp"

namespace stack::image {
namespace {

bool is_complete(const ImageStore::State& state, const Image& image, const Manifest& manifest) {
    if (manifest.config.digest != image.id || manifest.layers.size() != image.config.diff_ids.size()) {
        return false;
    }
    for (size_t i = 0; i < manifest.layers.size(); ++i) {
        const std::string& digest = manifest.layers[i].digest;
        const auto kept = find_layer_blob(state, image.config.diff_ids[i], digest);
        const bool plain = digest == image.config.diff_ids[i];
        if (!plain && (!kept || kept->digest != digest)) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::string find_original_manifest(const ImageStore::State& state, const Image& image) {
    auto rows = state.database.prepare(
        "SELECT digest, media_type FROM image_manifests WHERE image_id = ? ORDER BY repository, digest");
    rows.bind(image.id);
    while (rows.step()) {
        if (media_type::is_index(rows.text(1))) {
            continue;
        }
        std::string text = read_file(state.blob(rows.text(0)));
        if (is_complete(state, image, parse_manifest(text))) {
            return text;
        }
    }
    return {};
}

}  // namespace stack::image
