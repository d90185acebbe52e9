#pragma once

#include <optional>
#include <string>

#include "image/archive.hpp"
#include "image/progress.hpp"
#include "image/state.hpp"
#include "image/tar/input.hpp"
#include "image/tar/unpacker.hpp"

namespace stack::image {

/// What is known of a layer before its bytes are seen.
struct ExpectedLayer {
    std::string diff_id;      ///< "sha256:…" of the uncompressed tar
    std::string blob_digest;  ///< of the bytes as they come; empty if nobody named one
    std::string media_type;   ///< as the manifest says; empty if there is none
    std::string shown_id;     ///< for progress
    std::int64_t size{0};     ///< of the bytes as they come
    /// A file that holds the bytes when they are read; taken over by rename if they are compressed, and removed if not.
    /// Empty: they are written to a file while they are read.
    std::filesystem::path blob_file{};
};

/// A layer unpacked beside the store, all digests checked. Removed again unless it is committed.
struct StagedLayer {
    ExpectedLayer expected;
    TempDir folder;  ///< `root/` is the layer; `blob` the bytes as they came, if they are compressed
    tar::UnpackResult unpacked;
    std::string split;        ///< empty if a blob is kept instead
    std::string blob_digest;  ///< of the kept blob; empty if none is
    std::string blob_media_type;
    std::int64_t blob_size{0};
    std::int64_t tar_size{0};
};

/// Decompresses, digests and unpacks one layer in one pass. May run in any thread: the database is not touched.
/// Throws Errc::invalid_input if a digest is not the expected one or the content is refused.
/// `raw` must be able to start again by `rewind` if the tar cannot be put together again from its folder.
StagedLayer stage_layer(const ImageStore::State& state, const std::function<std::unique_ptr<tar::Input>()>& open,
                        const ExpectedLayer& expected, const UnpackLimits& limits, const ProgressSink& progress);

/// Keeps the bytes of a layer that the store has already, for giving them out again. Digests are checked as ever.
void keep_layer_form(const ImageStore::State& state, const std::function<std::unique_ptr<tar::Input>()>& open,
                     const ExpectedLayer& expected, const UnpackLimits& limits);

/// Gives it what it takes over from the layers below, whose folders are `parents` (lowest first; they may be staged
/// themselves): files that it has hard links to. Before any layer of its image is committed.
/// Throws Errc::invalid_input for links to nothing.
void complete_staged_layer(const std::vector<std::filesystem::path>& parents, const StagedLayer& staged);

/// Makes it the layer on top of `parents` (chain ids, lowest first). Does nothing more if the store has it meanwhile.
LayerInfo commit_staged_layer(const ImageStore::State& state, const std::vector<std::string>& parents,
                              StagedLayer& staged);

}  // namespace stack::image
