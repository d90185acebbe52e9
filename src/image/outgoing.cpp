#include "image/outgoing.hpp"

#include <algorithm>
#include <iterator>

#include "image/annotations.hpp"
#include "image/layer_export.hpp"
#include "image/media_types.hpp"

namespace stack::image {
namespace {

bool is_of(const Image& image, const Manifest& manifest) {
    return manifest.config.digest == image.id && manifest.layers.size() == image.config.diff_ids.size();
}

/// Annotations that were set here since are no others than those it came with.
bool is_annotated(const std::optional<Annotations>& wanted, const Manifest& manifest) {
    return !wanted || wanted->manifest == manifest.annotations;
}

bool is_complete(const ImageStore::State& state, const Image& image, const Manifest& manifest) {
    for (size_t i = 0; i < manifest.layers.size(); ++i) {
        if (!has_layer_blob(state, manifest.layers[i], image.config.diff_ids[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool has_layer_blob(const ImageStore::State& state, const Descriptor& layer, const std::string& diff_id) {
    const auto kept = find_layer_blob(state, diff_id, layer.digest);
    return layer.digest == diff_id || (kept && kept->digest == layer.digest);
}

std::vector<std::string> original_manifests(const ImageStore::State& state, const Image& image) {
    auto rows = state.database.prepare(
        "SELECT digest, media_type FROM image_manifests WHERE image_id = ? ORDER BY repository, digest");
    rows.bind(image.id);
    const auto annotations = find_annotations(state, image.id);
    std::vector<std::string> complete;
    std::vector<std::string> others;
    while (rows.step()) {
        if (media_type::is_index(rows.text(1))) {
            continue;
        }
        std::string text = read_file(state.blob(rows.text(0)));
        if (const auto manifest = parse_manifest(text); is_of(image, manifest) && is_annotated(annotations, manifest)) {
            (is_complete(state, image, manifest) ? complete : others).push_back(std::move(text));
        }
    }
    std::ranges::move(others, std::back_inserter(complete));
    return complete;
}

std::string find_original_manifest(const ImageStore::State& state, const Image& image) {
    const auto known = original_manifests(state, image);
    return known.empty() || !is_complete(state, image, parse_manifest(known.front())) ? "" : known.front();
}

}  // namespace stack::image
