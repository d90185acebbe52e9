#pragma once

#include <string>
#include <vector>

#include "image/store.hpp"
#include "support/database.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::image {

/// How the names of what this room and the builder make below tmp/ begin.
inline constexpr const char* temporary_prefix = "image-";

/// What the sources of this room share behind ImageStore.
///
///   images ─┬─< image_names       a tag belongs to one image
///           ├─< image_manifests   manifests by which registries and OCI archives know it
///           ├── image_annotations of a build, for the manifest that goes out
///           └─< image_layers >── layers ─< layer_blobs   compressed forms of one diff id that are kept
///                                   └────< layer_pins    who else needs it
struct ImageStore::State {
    explicit State(Paths where);

    Paths paths;
    Database database;

    std::filesystem::path blob(const std::string& digest) const { return paths.blobs() / digest_hex(digest); }
    std::filesystem::path splits() const { return paths.blobs().parent_path() / "splits"; }
    std::filesystem::path split(const std::string& diff_id) const { return splits() / digest_hex(diff_id); }
    std::filesystem::path layer(const std::string& chain) const { return paths.layers() / digest_hex(chain); }
    /// Held shared while images are added, exclusively while garbage is collected.
    std::filesystem::path use_lock() const { return paths.locks() / "images"; }
    /// What ImageStore::hold() gives out, without the sweep before it.
    Hold share() const;
    /// Held for the moment in which a layer folder gets its final name.
    std::filesystem::path commit_lock() const { return paths.locks() / "image-layers"; }
};

/// Writes bytes to blobs/sha256/ if they are not there yet; returns "sha256:…".
std::string put_blob(const ImageStore::State& state, std::string_view bytes);

/// Gives the staged folder its final name and its row, unless the layer is there already (false; `staged` stays).
/// It is not on the disk for sure yet: a layer that the machine loses before make_durable() is forgotten at its next
/// start, so that a build of many steps waits for the disk only once.
bool commit_layer(const ImageStore::State& state, const LayerInfo& layer, const std::string& parent_chain_id,
                  const std::filesystem::path& staged);

/// Waits until the layers are on the disk (one syncfs(2) for all that were added); before an image may name them.
void make_durable(const ImageStore::State& state, const std::vector<std::string>& chains);

}  // namespace stack::image
