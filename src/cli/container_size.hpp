#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/state/container_row.hpp"
#include "image/store.hpp"
#include "support/paths.hpp"

namespace stack::cli {

/// What `docker ps --size` and `docker inspect --size` tell of a container's root, in bytes. Counting walks through all
/// files that the container has written.
struct ContainerSize {
    std::int64_t writable{0};  ///< sum of the sizes of the files in its own layer, hard links once
    std::int64_t root{0};      ///< the same with its image's
};

/// An image that is gone counts as empty.
ContainerSize container_size(const Paths& paths, const image::ImageStore& images, const engine::ContainerRow& row);

/// "3.15MB (virtual 5.13MB)"
std::string size_text(const ContainerSize& size);

/// As SizeRw and SizeRootFs in what `inspect` shows.
void add_size(nlohmann::json& container, const ContainerSize& size);

/// Sum of the sizes of the regular files below a folder, hard links once. What vanishes meanwhile is not counted.
std::int64_t file_sizes(const std::filesystem::path& folder);

}  // namespace stack::cli
