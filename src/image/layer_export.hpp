#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "image/state.hpp"

namespace stack::image {

/// Streams the uncompressed tar of a layer, from its folder or from the compressed form that is kept. At the end its
/// digest is checked: throws Errc::system if the store was damaged.
void write_layer_tar(const ImageStore::State& state, const std::string& diff_id,
                     const std::function<void(std::string_view)>& out);

/// A form of a layer as it came from a registry or archive, or as it was pushed.
struct LayerBlob {
    std::string digest, media_type;
    std::int64_t size{0};
};

/// The kept compressed form, if one is; the one with `preferred_digest` if it is among several.
std::optional<LayerBlob> find_layer_blob(const ImageStore::State& state, const std::string& diff_id,
                                         const std::string& preferred_digest = "");

}  // namespace stack::image
