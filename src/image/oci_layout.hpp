#pragma once

#include <vector>

#include "image/archive_files.hpp"
#include "image/config.hpp"
#include "image/image_import.hpp"
#include "image/manifest.hpp"

namespace stack::image {

/// The images of an OCI layout (image-spec "image-layout.md"), of each index the one for this machine. Borrows `files`.
std::vector<IncomingImage> read_oci_images(const ArchiveFiles& files);

/// The one image of a layout that `tag` ("latest", or a whole name) or `digest` chooses; with neither the one that is
/// tagged "latest", or the only one. Throws Errc::not_found with what there is instead.
IncomingImage read_oci_image(const ArchiveFiles& files, const std::string& tag, const std::string& digest,
                             const Platform& platform);

}  // namespace stack::image
