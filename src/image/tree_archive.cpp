#include "image/tree_archive.hpp"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "image/pump.hpp"
#include "image/tar/folder_writer.hpp"
#include "image/tar/unpacker.hpp"
#include "support/error.hpp"

namespace stack::image {
namespace {

constexpr size_t piece = size_t{256} << 10U;

void write_all(int out, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(out, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        bytes.remove_prefix(static_cast<size_t>(check(written, [] { return "write the archive"; })));
    }
}

/// Compresses what comes and writes it in large pieces.
class CompressedFile final : public tar::Sink {
public:
    CompressedFile(int out, Compression compression)
        : out_{out}, compressor_{compression == Compression::none ? nullptr : Compressor::make(compression)} {}

    void raw(std::string_view bytes) override { take(bytes); }
    void begin_payload(const std::string& /*path*/, std::int64_t /*size*/) override {}
    void payload(std::string_view bytes) override { take(bytes); }

    void finish() {
        if (compressor_) {
            compressor_->finish([this](std::string_view bytes) { put(bytes); });
        }
        write_all(out_, std::exchange(buffer_, {}));
    }

private:
    void take(std::string_view bytes) {
        if (compressor_) {
            compressor_->feed(bytes, [this](std::string_view ready) { put(ready); });
        } else {
            put(bytes);
        }
    }
    void put(std::string_view bytes) {
        buffer_ += bytes;
        if (buffer_.size() >= piece) {
            write_all(out_, buffer_);
            buffer_.clear();
        }
    }

    int out_;
    std::unique_ptr<Compressor> compressor_;
    std::string buffer_;
};

size_t read_some(int in, std::vector<char>& buffer) {
    ssize_t got = 0;
    while ((got = ::read(in, buffer.data(), buffer.size())) < 0 && errno == EINTR) {
    }
    return static_cast<size_t>(check(got, [] { return "read the archive"; }));
}

void decompress(int in, const Pump::Give& give) {
    std::vector<char> buffer(piece);
    std::string head;
    constexpr size_t enough = 6;
    while (head.size() < enough) {
        const size_t got = read_some(in, buffer);
        if (got == 0) {
            break;
        }
        head.append(buffer.data(), got);
    }
    const auto decompressor = Decompressor::make(detect_compression(head));
    decompressor->feed(head, give);
    while (const size_t got = read_some(in, buffer)) {
        decompressor->feed({buffer.data(), got}, give);
    }
    decompressor->finish();
}

}  // namespace

std::int64_t write_tree_archive(const std::filesystem::path& folder, int out, Compression compression) {
    CompressedFile file{out, compression};
    const auto summary = tar::write_tree(folder, file);
    file.finish();
    return summary.file_bytes;
}

std::int64_t read_tree_archive(int in, const std::filesystem::path& folder) {
    Pump pump{[in](const Pump::Give& give) { decompress(in, give); }};
    const auto result = tar::unpack_plain(pump, folder, {0, 0});
    if (result.entries == 0) {
        throw Error(Errc::invalid_input, "the archive is empty");
    }
    return result.file_bytes;
}

}  // namespace stack::image
