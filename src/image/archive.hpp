#pragma once

#include <string>
#include <vector>

#include "image/progress.hpp"
#include "image/store.hpp"

namespace stack::image {

/// What a layer or archive may do before it is taken for a bomb or a trick. 0 = no limit.
struct UnpackLimits {
    std::int64_t max_bytes{std::int64_t{64} << 30U};  ///< sum of the file sizes of one layer
    std::int64_t max_entries{5'000'000};              ///< tar entries of one layer
    bool absolute_names{false};  ///< whether "/etc/passwd" in a layer is a name below its root, or refused
    /// From STACK_MAX_LAYER_SIZE ("64g"), STACK_MAX_LAYER_ENTRIES and STACK_ABSOLUTE_LAYER_NAMES where they are set.
    static UnpackLimits from_environment();
};

struct LoadedImage {
    std::string id;
    std::vector<Reference> references;  ///< empty: the archive names none
};

/// Reads docker-archive (`docker save`) and OCI-archive tars, plain or compressed (gzip, zstd, xz, bzip2), from a file
/// or a pipe. Every blob is checked against its digest. All images of the archive become visible, or none.
/// Of an index with several platforms only `host_platform()`'s image is taken.
/// Throws Errc::invalid_input for anything that is not such an archive, or hostile.
std::vector<LoadedImage> load_archive(ImageStore& store, int fd, const ProgressSink& progress = {},
                                      const UnpackLimits& limits = UnpackLimits::from_environment());

/// One image out of an OCI layout that lies in a folder; see read_oci_image() for tag and digest. It gets no name.
struct LayoutImage {
    std::string id;
    bool was_here{false};  ///< the store had it before
};
LayoutImage load_layout(ImageStore& store, const std::filesystem::path& folder, const std::string& tag,
                        const std::string& digest, const Platform& platform);

enum class ArchiveFormat {
    docker,  ///< as `docker save`: manifest.json beside an OCI layout; read by docker, podman, skopeo docker-archive:
    oci,     ///< OCI image layout only: blobs with the digests and compression that they came with
};

/// Writes the images to `fd` (a file or a pipe), shared layers once. A name given by id is written without tag.
void save_archive(const ImageStore& store, const std::vector<std::string>& names, int fd,
                  ArchiveFormat format = ArchiveFormat::docker, const ProgressSink& progress = {});

}  // namespace stack::image
