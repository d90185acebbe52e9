#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "image/progress.hpp"
#include "image/store.hpp"

/// Images in the words of the Docker CLI.
namespace stack::cli {

/// The first 12 digits of "sha256:…".
std::string short_image_id(const std::string& id);
/// "3 weeks ago", "About an hour ago" (docker/go-units HumanDuration).
std::string time_ago(std::int64_t unix_seconds);
/// "2024-05-01 12:34:56 +0000 UTC"
std::string go_time(std::int64_t unix_seconds);

/// What `docker image inspect` shows of it.
nlohmann::json image_json(const image::Image& image);

/// Who uses images, from the state database: for remove().
image::ImageUsers containers_using_images(const Paths& paths);

/// Prints events to standard error: `message` lines always, a program's output only if `verbose`.
image::ProgressSink print_progress(bool verbose);

}  // namespace stack::cli
