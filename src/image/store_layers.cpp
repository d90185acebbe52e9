// The part of ImageStore that makes layers.
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>

#include "image/state.hpp"
#include "image/store.hpp"
#include "image/tar/folder_writer.hpp"
#include "image/tar/split.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"

namespace stack::image {
namespace {

// Digests the tar and remembers its headers in one pass.
class DigestAndSplit final : public tar::Sink {
public:
    void raw(std::string_view bytes) override {
        size_ += std::ssize(bytes);
        sha_.update(bytes);
        split_.raw(bytes);
    }
    void begin_payload(const std::string& path, std::int64_t size) override { split_.begin_payload(path, size); }
    void payload(std::string_view bytes) override {
        size_ += std::ssize(bytes);
        sha_.update(bytes);
    }

    std::string digest() { return "sha256:" + sha_.finish_hex(); }
    std::string split() { return split_.finish(); }
    Bytes size() const { return Bytes{size_}; }

private:
    std::int64_t size_{0};
    Sha256 sha_;
    tar::SplitRecorder split_;
};

}  // namespace

TempDir ImageStore::begin_layer() const {
    TempDir folder{state_->paths.temporary(), "image-layer-"};
    check(::chmod(folder.path().c_str(), 0755), [&] { return fmt::format("chmod '{}'", folder.path().string()); });
    return folder;
}

std::optional<LayerInfo> ImageStore::find_layer(const std::string& chain) const {
    auto row = state_->database.prepare("SELECT chain_id, diff_id, size, tar_size FROM layers WHERE chain_id = ?");
    row.bind(chain);
    if (!row.step()) {
        return std::nullopt;
    }
    return LayerInfo{row.text(0), row.text(1), Bytes{row.integer(2)}, Bytes{row.integer(3)}};
}

LayerInfo ImageStore::add_layer_from_dir(const std::string& parent_chain_id, const std::filesystem::path& staged,
                                         const std::string& pin) {
    const auto held = state_->share();
    if (!parent_chain_id.empty() && !find_layer(parent_chain_id)) {
        throw Error(Errc::not_found, fmt::format("parent layer {} is not in the store", parent_chain_id));
    }
    DigestAndSplit sink;
    const auto summary = tar::write_folder(staged, sink);
    LayerInfo layer;
    layer.diff_id = sink.digest();
    layer.chain_id = chain_id(parent_chain_id, layer.diff_id);
    layer.size = Bytes{summary.file_bytes};
    layer.tar_size = sink.size();
    const auto split = state_->split(layer.diff_id);
    if (!std::filesystem::exists(split)) {
        std::filesystem::create_directories(split.parent_path());
        replace_file(split, sink.split());
    }
    commit_layer(*state_, layer, parent_chain_id, staged);
    if (!pin.empty()) {
        pin_layer(layer.chain_id, pin);
    }
    return layer;
}

void ImageStore::pin_layer(const std::string& chain, const std::string& owner) {
    state_->database.prepare("INSERT OR IGNORE INTO layer_pins VALUES(?, ?)").bind_all(chain, owner).run();
}

void ImageStore::unpin_layers(const std::string& owner) {
    state_->database.prepare("DELETE FROM layer_pins WHERE owner = ?").bind(owner).run();
}

}  // namespace stack::image
