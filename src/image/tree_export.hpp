#pragma once

#include <filesystem>

#include "image/store.hpp"

namespace stack::image {

/// Writes the files of an image, all layers merged, into the folder `target` (made if it is not there; what is in it
/// and has no namesake stays): `--output type=local`.
void export_tree(const ImageStore& store, const Image& image, const std::filesystem::path& target);

/// The same as one plain tar to `fd`: `--output type=tar`, and what `import` reads.
void export_tree_tar(const ImageStore& store, const Image& image, int fd);

/// Makes an image of one layer from a tar of a root file system, plain or compressed: `docker import`. `config` says
/// everything but the layer, `comment` is for the history. Returns the image's id.
std::string import_tree(ImageStore& store, int fd, ImageConfig config, const std::string& comment,
                        const std::optional<Reference>& name);

}  // namespace stack::image
