#pragma once

#include <string>

#include "build/stage_state.hpp"
#include "image/store.hpp"
#include "support/database.hpp"

namespace stack::build {

// Build caches travel as images: the layers of a stage, and in the config a member of ours,
//
//   "stack.cache": [{"key": "<64 hex digits>", "diff_id": "sha256:…", "created": 1700000000}, …]
//
// which says which step gave which layer. Other engines keep the member and see an ordinary image.

/// The text of a config with the keys of `state`'s steps.
std::string config_with_cache(const image::ImageConfig& config, const StageState& state);

/// Enters the steps that the image carries into the cache of this root; their layers are pinned for it. Returns how
/// many there were. An image without the member has none; one that lies about its layers is Errc::invalid_input.
/// The keys are digests of what a step depends on: whoever may write the cache decides what a step gives.
size_t import_cache_image(image::ImageStore& store, const Database& database, const image::Image& image);

}  // namespace stack::build
