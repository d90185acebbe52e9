#pragma once

#include "compose/loader.hpp"
#include "support/paths.hpp"

namespace stack::cli {

/// Writes into every service's `image` the digest that its name stands for:
/// "docker.io/library/nginx:1.25@sha256:…". It is that of the image that is here, if it came from a registry, else what
/// the registry says now. Throws with the place of the image if neither knows.
void pin_images(compose::LoadedProject& loaded, const Paths& paths);

/// The services with nothing but their image: an override file that pins them.
compose::Node images_only(const compose::Node& tree);

}  // namespace stack::cli
