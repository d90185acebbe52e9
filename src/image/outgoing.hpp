#pragma once

#include <string>
#include <vector>

#include "image/manifest.hpp"
#include "image/state.hpp"

namespace stack::image {

/// The manifest by which the image came, if the store still has every blob that it names in that form: giving it out
/// again keeps the digest. Empty if there is none.
std::string find_original_manifest(const ImageStore::State& state, const Image& image);

/// The manifests by which the image came, those with every blob first.
std::vector<std::string> original_manifests(const ImageStore::State& state, const Image& image);

/// Whether the store can give out the layer in the form that the manifest names.
bool has_layer_blob(const ImageStore::State& state, const Descriptor& layer, const std::string& diff_id);

}  // namespace stack::image
