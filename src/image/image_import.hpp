#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "image/archive.hpp"
#include "image/layer_import.hpp"
#include "image/tar/input.hpp"

namespace stack::image {

/// An image on its way into the store, from an archive or a registry.
struct IncomingImage {
    struct Layer {
        ExpectedLayer expected;
        /// The layer's bytes from the beginning; called from any thread, and once more in rare cases.
        std::function<std::unique_ptr<tar::Input>()> open;
        bool at_hand{false};  ///< reading costs no network: kept in this form, too, where the layer is here already
    };
    std::string config_json;
    std::vector<Layer> layers;  ///< lowest first, one for each diff id of the config
    std::vector<Reference> names;
    std::string manifest_json;        ///< empty if there is none
    std::string manifest_media_type;  ///< as it was announced
    std::string index_json;           ///< the index that the manifest was chosen from, empty if there is none
    std::string index_media_type;
    std::string repository;  ///< where the manifest was seen: "docker.io/library/debian", empty for archives
};

/// Checks that the config names as many layers as the image has, and fills in their diff ids.
void assign_diff_ids(IncomingImage& image);

/// Stages the layers that the store lacks, at most `parallel` at a time, then makes all images visible in one
/// transaction. Returns their ids. On failure nothing is visible and nothing is left.
std::vector<std::string> import_images(ImageStore& store, const std::vector<IncomingImage>& images, unsigned parallel,
                                       const UnpackLimits& limits, const ProgressSink& progress);

}  // namespace stack::image
