#pragma once

#include <string>
#include <vector>

#include "image/config.hpp"
#include "support/paths.hpp"

namespace stack::build {

/// Applies `--change` lines of commit and import to a config: the Dockerfile's instructions CMD, ENTRYPOINT, ENV,
/// EXPOSE, LABEL, ONBUILD, STOPSIGNAL, HEALTHCHECK, SHELL, USER, VOLUME and WORKDIR. No layer is made, the history
/// stays. Throws Errc::invalid_input with the line.
image::ImageConfig apply_changes(const Paths& paths, image::ImageConfig config,
                                 const std::vector<std::string>& changes);

}  // namespace stack::build
