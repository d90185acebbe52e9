#pragma once

#include "engine/runtime/launch_plan.hpp"
#include "engine/state/container_row.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/paths.hpp"

namespace stack::engine {

/// What the container was started with; while it does not run, what its row still tells of that: its layers, and where
/// things were mounted. Throws Errc::not_found if its image is gone.
runtime::LaunchPlan container_plan(const Paths& paths, const ContainerRow& row);

/// The container's root with its volumes, for copying in and out: that of the running process, or one that is put
/// together in a mount namespace which the calling process enters for that and never leaves. One thread only.
UniqueFd open_container_root(const Paths& paths, const ContainerRow& row);

/// The image and the container's own layer, read-only, nothing else mounted: for export.
UniqueFd open_container_layers(const Paths& paths, const ContainerRow& row);

}  // namespace stack::engine
