#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/state/container_row.hpp"

namespace stack::cli {

/// The row with the fields that `docker ps --format` has: ID, Names, Image, Command, State, Status, Ports, Labels …
nlohmann::json docker_ps_fields(const engine::ContainerRow& row, bool no_trunc);

/// The row with the fields of `docker compose ps --format json`: Name, Service, Project, State, Health, ExitCode,
/// Publishers …
nlohmann::json compose_ps_fields(const engine::ContainerRow& row, bool no_trunc);

}  // namespace stack::cli
