#pragma once

#include <nlohmann/json_fwd.hpp>

#include "desired/container_spec.hpp"
#include "engine/state/container_row.hpp"

namespace stack::cli {

/// What was asked for when the container was made, as `docker inspect` shows it (Docker Engine API, HostConfig). Lists
/// and mappings without entries are empty, not null.
nlohmann::json host_config_json(const engine::ContainerRow& row, const desired::ContainerSpec& spec);

}  // namespace stack::cli
