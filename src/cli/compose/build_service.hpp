#pragma once

#include <functional>
#include <map>
#include <string>

#include "cli/context.hpp"
#include "compose/loader.hpp"

namespace stack::build {
struct BuildRequest;
}

namespace stack::cli {

/// What a command line changes about a service's build.
using BuildOverrides = std::function<void(build::BuildRequest&)>;

/// Image ids by service.
using BuiltImages = std::map<std::string, std::string>;

/// Builds the image of a service that has `build:` and tags it with `image_name`. Draws the steps unless `quiet`.
/// Services that it names as `additional_contexts: service:…` are taken from `built`, or built before it.
/// Returns the image's id. Call it from a process with one thread.
std::string build_service(const Context& context, const compose::LoadedProject& loaded, const compose::Service& service,
                          const std::string& image_name, bool quiet, const BuildOverrides& overrides = {},
                          const BuiltImages& built = {});

/// The service of this name if it has `build:`, also one that the command line left out: others are built from it.
const compose::Service* find_buildable(const compose::Project& project, const std::string& name);

/// --check for one service: warnings of its Dockerfile; the exit code.
int check_service(const Context& context, const compose::LoadedProject& loaded, const compose::Service& service);

}  // namespace stack::cli
