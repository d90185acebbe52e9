#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/config.hpp"
#include "image/reference.hpp"
#include "support/byte_size.hpp"
#include "support/database.hpp"
#include "support/files.hpp"
#include "support/paths.hpp"

namespace stack::image {

/// What the lists need to know of an image.
struct ImageSummary {
    std::string id;                         ///< "sha256:…" of the config blob
    std::vector<Reference> references;      ///< its tags, sorted; empty for a dangling image
    std::vector<std::string> repo_digests;  ///< "docker.io/library/debian@sha256:…", of manifests seen in registries
    std::int64_t created_unix{0};           ///< seconds since 1970 of config.created; 0 if unknown
    std::int64_t stored_unix{0};            ///< when this store got it
    Bytes size;                             ///< sum of the file sizes of its layers
    std::string architecture, os, variant;

    /// The first familiar tag, else the short id: for messages.
    std::string display_name() const;
};

struct Image : ImageSummary {
    ImageConfig config;
    std::vector<std::string> chain_ids;  ///< "sha256:…", lowest first; one for each of config.diff_ids
};

/// Whether the image is one for `wanted`; a variant counts where both name one.
bool is_for(const ImageSummary& image, const Platform& wanted);

struct LayerInfo {
    std::string chain_id, diff_id;
    Bytes size;      ///< sum of its file sizes
    Bytes tar_size;  ///< of its uncompressed tar
};

/// What remove() did, in order, for `Untagged: …` and `Deleted: …` lines.
struct Removal {
    std::vector<std::string> untagged;  ///< familiar references and repo digests
    std::vector<std::string> deleted;   ///< image id, then the chain ids of layers that nobody needs any more
};

/// A container that uses an image. image/ knows no containers, so callers bring this knowledge.
struct ImageUser {
    std::string name;  ///< "blog-db-1"
    bool running{false};
};
using ImageUsers = std::function<std::vector<ImageUser>(const std::string& image_id)>;

struct RemoveOptions {
    bool force{false};          ///< also with several tags, and with containers using it (by id: only stopped ones)
    bool keep_untagged{false};  ///< --no-prune: only the tag goes, the image stays as a dangling one
    ImageUsers users;           ///< unset: nobody uses images
};

/// The images and layers of one STACK_ROOT.
///
///   blobs/sha256/<hex>     configs, manifests, and compressed layers as they came
///   blobs/splits/<hex>     what a layer folder does not hold of its tar (docs/adr/0010-layer-tars.md), by diff id
///   layers/<hex>/          one unpacked layer, by chain id (OCI image-spec "Layer ChainID"), in overlay's own format:
///                          whiteouts are character devices 0:0, opaque folders carry trusted.overlay.opaque=y.
///                          Read-only for everybody once it is there: use it as a lowerdir.
///
/// Several processes may use one root at a time. One ImageStore per thread (it holds a database connection).
/// Killed at any instant, it leaves at most rubbish below tmp/, which the next hold() removes, and unreferenced blobs
/// and downloads that can go on, which collect_garbage() removes.
class ImageStore {
public:
    explicit ImageStore(const Paths& paths);
    ImageStore(ImageStore&&) noexcept;
    ImageStore& operator=(ImageStore&&) noexcept;
    ~ImageStore();

    const Paths& paths() const noexcept;
    /// The connection that it holds, for what the same thread keeps in the same database; lives as long as the store.
    const Database& database() const noexcept;

    /// By reference ("debian:bookworm-slim", "debian" = debian:latest, "name@sha256:…"), by id ("sha256:…" or its hex),
    /// or by a prefix of the hex id. A name wins over an id prefix, as in Docker. An ambiguous prefix is
    /// Errc::invalid_input.
    std::optional<Image> find(std::string_view name_or_id) const;
    /// Errc::not_found with a mend ("stack image bootstrap …", "stack pull …") if there is none.
    Image get(std::string_view name_or_id) const;
    /// By "sha256:…" only.
    std::optional<Image> find_by_id(const std::string& id) const;
    /// Newest first.
    std::vector<ImageSummary> list() const;

    /// Gives `id` one more name; another image that had it loses it. True if the name was new to this image.
    bool tag(const std::string& id, const Reference& reference);

    /// By name: takes the name away, and the image with its last one. By id: the image with all its names.
    /// Errc::conflict if containers use it or, by id without force, it is named in several repositories.
    Removal remove(std::string_view name_or_id, const RemoveOptions& options = {});

    /// The layer folders for overlay's lowerdir, lowest first (overlay wants them the other way round).
    std::vector<std::filesystem::path> layer_dirs(const Image& image) const;
    std::filesystem::path layer_dir(const std::string& chain_id) const;

    // --- layers and images from the builder, commit and bootstrap

    /// A fresh folder on the layers' file system, mode 0755, removed with the object: make `upper/` and `work/` in it.
    TempDir begin_layer() const;

    std::optional<LayerInfo> find_layer(const std::string& chain_id) const;

    /// Makes the finished overlay upperdir `staged` (below begin_layer()) the layer on top of `parent_chain_id` (empty:
    /// the lowest layer). It is moved by rename, nothing is copied; its tar is only computed. overlay's own xattrs
    /// other than `opaque` do not count. If the store has this layer already, `staged` is left where it is.
    /// The layer is pinned for `pin` (see pin_layer) if that is not empty: an image that uses it keeps it too.
    /// Not allowed while `staged` is mounted.
    LayerInfo add_layer_from_dir(const std::string& parent_chain_id, const std::filesystem::path& staged,
                                 const std::string& pin);

    /// A layer lives as long as an image or a pin needs it. `owner` says who ("buildcache:…"). Idempotent.
    void pin_layer(const std::string& chain_id, const std::string& owner);
    void unpin_layers(const std::string& owner);

    /// Writes `config` (config.diff_ids must be layers of this store in this order) and names it if `reference` is
    /// given. Returns the image id. Idempotent.
    std::string put_image(const ImageConfig& config, const std::optional<Reference>& reference);

    /// The same for the bytes of a foreign config, which are kept as they are.
    std::string put_image(std::string_view config_json, const std::optional<Reference>& reference);

    /// Removes layers, blobs and temporary folders that no image, pin or living process needs. Returns the bytes that
    /// became free. Does nothing, and says so by nullopt, while another process adds images.
    std::optional<Bytes> collect_garbage();

    /// What a process holds while it adds layers that no image refers to yet: keeps collect_garbage() away. Removes
    /// before what processes that were killed have left below tmp/.
    class Hold;
    Hold hold() const;

    /// For the other files of this room.
    struct State;
    State& state() const noexcept { return *state_; }

private:
    std::unique_ptr<State> state_;
};

/// A shared flock(2) on the store; dropped on destruction.
class [[nodiscard]] ImageStore::Hold {
public:
    explicit Hold(int fd) noexcept : fd_{fd} {}
    Hold(Hold&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Hold& operator=(Hold&&) = delete;
    ~Hold();

private:
    int fd_;
};

/// OCI image-spec "Layer ChainID": sha256 of "<parent chain id> <diff id>"; the lowest layer's is its diff id.
std::string chain_id(const std::string& parent_chain_id, const std::string& diff_id);
std::vector<std::string> chain_ids(const std::vector<std::string>& diff_ids);

}  // namespace stack::image
