#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/state/container_row.hpp"
#include "image/config.hpp"
#include "support/paths.hpp"

namespace stack::cli {

/// One container as `docker inspect` shows it (Docker Engine API, ContainerInspect). `image`: its image's config, for
/// what the container inherits; null if the image is gone.
nlohmann::json inspect_json(const engine::ContainerRow& row, const image::ImageConfig* image, const Paths& paths);

}  // namespace stack::cli
