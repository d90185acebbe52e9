#include "image/tree_export.hpp"

#include <ctime>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "image/archive.hpp"
#include "image/compression.hpp"
#include "image/pump.hpp"
#include "image/rfc3339.hpp"
#include "image/tar/folder_writer.hpp"
#include "image/tar/header.hpp"
#include "image/tar/unpacker.hpp"
#include "support/error.hpp"
#include "support/kernel/file_copy.hpp"
#include "support/kernel/layered_tree.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::image {
namespace {

namespace fs = std::filesystem;

/// Gathers small writes.
class FdSink final : public tar::Sink {
public:
    explicit FdSink(int fd) : fd_{fd} {}
    void raw(std::string_view bytes) override { put(bytes); }
    void begin_payload(const std::string&, std::int64_t) override {}
    void payload(std::string_view bytes) override { put(bytes); }
    void flush() {
        write_all(fd_, buffer_, "the tar");
        buffer_.clear();
    }

private:
    void put(std::string_view bytes) {
        constexpr size_t full = size_t{1} << 20U;
        buffer_ += bytes;
        if (buffer_.size() >= full) {
            flush();
        }
    }
    int fd_;
    std::string buffer_;
};

/// Bytes of a file or pipe, in order.
class FdInput final : public tar::Input {
public:
    explicit FdInput(int fd) : fd_{fd}, buffer_(size_t{256} << 10U) {}
    std::string_view next() override {
        ssize_t got = 0;
        do {
            got = ::read(fd_, buffer_.data(), buffer_.size());
        } while (got < 0 && errno == EINTR);
        check(got, [] { return "read the archive"; });
        return {buffer_.data(), static_cast<size_t>(got)};
    }

private:
    int fd_;
    std::vector<char> buffer_;
};

}  // namespace

void export_tree(const ImageStore& store, const Image& image, const fs::path& target) {
    fs::create_directories(target);
    const TempDir staging{target, ".stack-export-"};
    const UniqueFd place = kernel::open_at(AT_FDCWD, target, O_RDONLY | O_DIRECTORY);
    const UniqueFd half_written = kernel::open_at(AT_FDCWD, staging.path(), O_RDONLY | O_DIRECTORY);
    kernel::TreeCopier copier{half_written.get(), {}};
    const auto layers = store.layer_dirs(image);
    if (!layers.empty()) {
        copier.copy_content_of(kernel::LayeredDir::root(layers), place.get());
    }
}

void export_tree_tar(const ImageStore& store, const Image& image, int fd) {
    const auto held = store.hold();
    const TempDir merged = store.begin_layer();
    export_tree(store, image, merged.path());
    FdSink sink{fd};
    tar::write_folder(merged.path(), sink);
    sink.flush();
}

std::string import_tree(ImageStore& store, int fd, ImageConfig config, const std::string& comment,
                        const std::optional<Reference>& name) {
    const auto held = store.hold();
    const TempDir place = store.begin_layer();
    const auto root = place.path() / "root";
    fs::create_directory(root);
    fs::permissions(root, fs::perms{0755});
    {
        FdInput raw{fd};
        Pump plain{[&](const Pump::Give& give) {
            auto bytes = raw.next();
            const auto decompressor = Decompressor::make(detect_compression(bytes));
            for (; !bytes.empty(); bytes = raw.next()) {
                decompressor->feed(bytes, give);
            }
            decompressor->finish();
        }};
        const auto limits = UnpackLimits::from_environment();
        if (tar::unpack_plain(plain, root, {limits.max_bytes, limits.max_entries}).entries == 0) {
            throw Error(Errc::invalid_input, "there is nothing in the archive to import");
        }
    }
    const auto layer = store.add_layer_from_dir("", root, "");
    config.diff_ids = {layer.diff_id};
    config.created = format_rfc3339(std::time(nullptr));
    config.history = {{config.created, "", "", comment, false}};
    return store.put_image(config, name);
}

}  // namespace stack::image
