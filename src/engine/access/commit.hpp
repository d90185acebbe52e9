#pragma once

#include <optional>
#include <string>

#include "engine/state/container_row.hpp"
#include "image/config.hpp"
#include "image/reference.hpp"
#include "support/paths.hpp"

namespace stack::engine {

/// The config of the image that `docker commit` makes: the image's with what the container says otherwise.
image::ImageConfig committed_config(const Paths& paths, const ContainerRow& row);

/// Stores the container's own layer as an image with this config, which says all but the new layer and its history.
/// Volumes and other mounts are not part of it. Files that are written meanwhile may be caught half-way: pause first.
/// Returns the image's id.
struct CommitOptions {
    std::optional<image::Reference> reference;
    std::string author, message;
};
std::string commit_container(const Paths& paths, const ContainerRow& row, image::ImageConfig config,
                             const CommitOptions& options);

}  // namespace stack::engine
