#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "image/archive.hpp"

namespace stack::image {

/// save_archive() into a folder. A layout that is there already gets the images besides its own, whose names they take
/// over.
void save_layout(const ImageStore& store, const std::vector<std::string>& names, const std::filesystem::path& folder,
                 ArchiveFormat format = ArchiveFormat::oci, const ProgressSink& progress = {});

}  // namespace stack::image
