#include "image/layer_export.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include "image/compression.hpp"
#include "image/file_input.hpp"
#include "image/media_types.hpp"
#include "image/tar/split.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::image {
namespace {

void decompress_blob(const std::filesystem::path& file, const std::function<void(std::string_view)>& out) {
    const UniqueFd fd = kernel::open_at(AT_FDCWD, file, O_RDONLY);
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(file));
    FileInput input{fd.get(), 0, size, file};
    std::string_view bytes = input.next();
    const auto decompressor = Decompressor::make(detect_compression(bytes));
    for (; !bytes.empty(); bytes = input.next()) {
        decompressor->feed(bytes, out);
    }
    decompressor->finish();
}

std::string any_chain(const ImageStore::State& state, const std::string& diff_id) {
    auto row = state.database.prepare("SELECT chain_id FROM layers WHERE diff_id = ? LIMIT 1");
    if (!row.bind(diff_id).step()) {
        throw Error(Errc::not_found, fmt::format("layer {} is not in the store", diff_id));
    }
    return row.text(0);
}

std::optional<std::string> any_blob(const ImageStore::State& state, const std::string& diff_id) {
    auto row = state.database.prepare("SELECT digest FROM layer_blobs WHERE diff_id = ? LIMIT 1");
    return row.bind(diff_id).step() ? std::optional{row.text(0)} : std::nullopt;
}

}  // namespace

void write_layer_tar(const ImageStore::State& state, const std::string& diff_id,
                     const std::function<void(std::string_view)>& out) {
    Sha256 sha;
    const auto take = [&](std::string_view bytes) {
        sha.update(bytes);
        out(bytes);
    };
    const auto split = state.split(diff_id);
    if (std::filesystem::exists(split)) {
        tar::join_split(split, state.layer(any_chain(state, diff_id)), take);
    } else if (const auto blob = any_blob(state, diff_id)) {
        decompress_blob(state.blob(*blob), take);
    } else {
        throw Error(Errc::not_found, fmt::format("layer {} is not in the store", diff_id));
    }
    if ("sha256:" + sha.finish_hex() != diff_id) {
        throw Error(Errc::system, fmt::format("layer {} in the store was changed", diff_id))
            .hint("remove the images that use it and get them again");
    }
}

std::optional<LayerBlob> find_layer_blob(const ImageStore::State& state, const std::string& diff_id,
                                         const std::string& preferred_digest) {
    auto row = state.database.prepare(
        "SELECT digest, media_type, size FROM layer_blobs WHERE diff_id = ? AND media_type <> ? "
        "ORDER BY digest = ? DESC, digest LIMIT 1");
    row.bind_all(diff_id, media_type::internal_tar_zstd, preferred_digest);
    if (!row.step()) {
        return std::nullopt;
    }
    return LayerBlob{row.text(0), row.text(1), row.integer(2)};
}

}  // namespace stack::image
