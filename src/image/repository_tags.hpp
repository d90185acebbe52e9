#pragma once

#include <vector>

#include "image/reference.hpp"

namespace stack::image {

/// All tags that the registry has of a repository (pull --all-tags). Throws Errc::not_found if there are none.
std::vector<Reference> repository_tags(const Reference& repository);

}  // namespace stack::image
