#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "image/progress.hpp"

namespace stack::image::bootstrap {

/// What a base image's config says.
struct Result {
    std::string path_variable;
    std::vector<std::string> command;
};

/// Fill the empty folder `root` with the image's files.
Result busybox(const std::filesystem::path& root, const ProgressSink& progress);
/// `tag` is "<suite>", "<suite>-slim", or empty or "latest" for this host's own suite.
Result debian(const std::filesystem::path& root, const std::string& distribution, const std::string& tag,
              const ProgressSink& progress);

/// With SOURCE_DATE_EPOCH set, no file of `root` is younger than that (reproducible-builds.org).
void settle_times(const std::filesystem::path& root);

}  // namespace stack::image::bootstrap
