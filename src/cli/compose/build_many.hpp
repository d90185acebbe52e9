#pragma once

#include <string>
#include <vector>

#include "cli/compose/build_service.hpp"

namespace stack::cli {

/// Builds the images of several services, each in a process of its own (containers are cloned by processes with one
/// thread), as many at a time as `context.parallel` or the number of processors says. Services that others name as
/// `additional_contexts: service:…` are built before those, once, whether they are asked for or not. One alone is built
/// in this process. Returns the images' ids in the order of `services`. When one fails, those that run are finished, no
/// other is begun, and the first failure is thrown. Call it from a process with one thread.
std::vector<std::string> build_services(const Context& context, const compose::LoadedProject& loaded,
                                        const std::vector<const compose::Service*>& services, bool quiet,
                                        const BuildOverrides& overrides = {});

}  // namespace stack::cli
