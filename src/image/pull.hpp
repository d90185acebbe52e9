#pragma once

#include <optional>
#include <string>

#include "image/archive.hpp"
#include "image/progress.hpp"
#include "image/store.hpp"

namespace stack::image {

struct PullOptions {
    std::optional<Platform> platform;  ///< unset: this machine's
    unsigned parallel{4};              ///< layers at a time
    UnpackLimits limits = UnpackLimits::from_environment();
};

struct PullResult {
    std::string id;      ///< "sha256:…" of the config
    std::string digest;  ///< of the manifest or index that the registry has under the name
    bool changed{true};  ///< false: the image was here already, and named so
};

/// Gets an image from its registry, or a mirror, and names it (not if the reference has a digest: it is then found by
/// that). Everything is checked against its digest while it comes; cut connections go on where they were; layers that
/// are here are not fetched. Two pulls of one image at a time do the work once, in whatever processes.
/// Throws Errc::not_found, permission, network, timeout with a sentence that names the registry.
PullResult pull_image(ImageStore& store, const Reference& reference, const PullOptions& options = {},
                      const ProgressSink& progress = {});

/// When a registry last gave or confirmed what stands under this name; seconds since 1970, 0 for never.
std::int64_t last_asked_unix(const ImageStore& store, const Reference& reference);

/// The digest that the registry, or a mirror, has under the name; nothing is kept of it. Throws like pull_image().
std::string remote_digest(const Reference& reference);

struct PushResult {
    std::string digest;  ///< of the manifest
    std::int64_t size{0};
};

/// Puts an image of the store into the registry that its name says. Blobs that the registry has are not sent; those it
/// has in a repository that the image came from are mounted. An image that came from a registry or an OCI archive keeps
/// its manifest digest.
PushResult push_image(ImageStore& store, const Reference& reference, const ProgressSink& progress = {});

}  // namespace stack::image
