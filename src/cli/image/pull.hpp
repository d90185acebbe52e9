#pragma once

#include <cstdio>
#include <string>

#include "cli/context.hpp"
#include "image/pull.hpp"

namespace stack::cli {

/// Pulls one image and tells about it on `out` in the words of the Docker CLI, nothing if `quiet`.
image::PullResult pull_and_show(const Context& context, image::ImageStore& store, const image::Reference& reference,
                                const std::string& platform, bool quiet, std::FILE* out);

}  // namespace stack::cli
