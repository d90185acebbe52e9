#pragma once

#include <string>

#include "image/manifest.hpp"
#include "image/state.hpp"

namespace stack::image {

/// The manifest by which the image came, if the store still has every blob that it names in that form: giving it out
/// again keeps the digest. Empty if there is none.
std::string find_original_manifest(const ImageStore::State& state, const Image& image);

}  // namespace stack::image
