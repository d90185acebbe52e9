#pragma once

#include <string>

#include "image/config.hpp"
#include "image/reference.hpp"
#include "support/database.hpp"

namespace stack::image {

/// The rows of one image. Inside a transaction of the caller. Idempotent. Throws Errc::not_found if a layer is missing.
void insert_image(const Database& database, const std::string& id, const ImageConfig& config);

/// Gives the name (with its default tag) to `id`, whoever had it before.
void insert_name(const Database& database, const std::string& id, const Reference& name);

}  // namespace stack::image
