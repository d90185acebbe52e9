#pragma once

#include <functional>
#include <string>

#include "cli/context.hpp"
#include "compose/loader.hpp"

namespace stack::build {
struct BuildRequest;
}

namespace stack::cli {

/// What a command line changes about a service's build.
using BuildOverrides = std::function<void(build::BuildRequest&)>;

/// Builds the image of a service that has `build:` and tags it with `image_name`. Draws the steps unless `quiet`.
/// Returns the image's id. Call it from a process with one thread.
std::string build_service(const Context& context, const compose::LoadedProject& loaded, const compose::Service& service,
                          const std::string& image_name, bool quiet, const BuildOverrides& overrides = {});

/// --check for one service: warnings of its Dockerfile; the exit code.
int check_service(const Context& context, const compose::LoadedProject& loaded, const compose::Service& service);

}  // namespace stack::cli
