#include "image/tar/split.hpp"

#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::image::tar {
namespace {

constexpr std::string_view magic = "STACKSPLIT1\n";
constexpr size_t raw_record_size = size_t{64} << 10U;
constexpr int compression_level = 3;

void append_number(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(0x80U | (value & 0x7fU));
        value >>= 7U;
    }
    out += static_cast<char>(value);
}

[[noreturn]] void broken(const std::filesystem::path& file) {
    throw Error(Errc::system, fmt::format("'{}' is damaged", file.string()));
}

// Decompresses the records piece by piece.
class SplitReader {
public:
    explicit SplitReader(const std::filesystem::path& file)
        : file_{file}, input_{read_file(file)}, stream_{ZSTD_createDStream(), &ZSTD_freeDStream} {
        if (!input_.starts_with(magic)) {
            broken(file_);
        }
        in_ = {input_.data(), input_.size(), magic.size()};
    }

    // False at the end.
    bool next(char& byte) {
        if (at_ == size_ && !refill()) {
            return false;
        }
        byte = buffer_[at_++];
        return true;
    }

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(must());
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80U) == 0) {
                return value;
            }
        }
        broken(file_);
    }

    template <class Take>
    void bytes(std::uint64_t count, Take&& take) {
        while (count > 0) {
            if (at_ == size_ && !refill()) {
                broken(file_);
            }
            const size_t some = std::min<std::uint64_t>(count, size_ - at_);
            take(std::string_view{buffer_.data() + at_, some});
            at_ += some;
            count -= some;
        }
    }

private:
    char must() {
        char byte = 0;
        if (!next(byte)) {
            broken(file_);
        }
        return byte;
    }

    bool refill() {
        at_ = size_ = 0;
        while (size_ == 0) {
            ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
            const bool at_end = in_.pos == in_.size;
            const size_t result = ZSTD_decompressStream(stream_.get(), &out, &in_);
            if (ZSTD_isError(result) != 0U) {
                broken(file_);
            }
            size_ = out.pos;
            if (size_ == 0 && at_end) {
                return false;
            }
        }
        return true;
    }

    const std::filesystem::path& file_;
    std::string input_;
    std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
    ZSTD_inBuffer in_{};
    std::vector<char> buffer_ = std::vector<char>(raw_record_size);
    size_t at_{0}, size_{0};
};

void copy_content(int folder, const std::string& path, std::uint64_t size, std::vector<char>& buffer,
                  const std::function<void(std::string_view)>& out) {
    const UniqueFd fd = kernel::open_in_root(folder, path, O_RDONLY | O_NOFOLLOW);
    struct stat status {};
    check(::fstat(fd.get(), &status), [&] { return "stat " + path; });
    if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) != size) {
        throw Error(Errc::system, fmt::format("'{}' in the layer folder was changed", path));
    }
    while (size > 0) {
        const ssize_t got = check(::read(fd.get(), buffer.data(), std::min<std::uint64_t>(size, buffer.size())),
                                  [&] { return fmt::format("read '{}'", path); });
        if (got == 0) {
            throw Error(Errc::system, fmt::format("'{}' in the layer folder was changed", path));
        }
        out({buffer.data(), static_cast<size_t>(got)});
        size -= static_cast<std::uint64_t>(got);
    }
}

}  // namespace

struct SplitRecorder::Stream {
    ZSTD_CStream* zstd = ZSTD_createCStream();
    std::vector<char> buffer = std::vector<char>(ZSTD_CStreamOutSize());
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { ZSTD_freeCStream(zstd); }
};

SplitRecorder::SplitRecorder() : stream_{std::make_unique<Stream>()}, output_{magic} {
    ZSTD_initCStream(stream_->zstd, compression_level);
}

SplitRecorder::~SplitRecorder() = default;

void SplitRecorder::raw(std::string_view bytes) {
    pending_ += bytes;
    if (pending_.size() >= raw_record_size) {
        flush_raw();
    }
}

void SplitRecorder::flush_raw() {
    if (pending_.empty()) {
        return;
    }
    std::string head = "R";
    append_number(head, pending_.size());
    compress(head);
    compress(pending_);
    pending_.clear();
}

void SplitRecorder::begin_payload(const std::string& path, std::int64_t size) {
    flush_raw();
    std::string record = "F";
    append_number(record, path.size());
    record += path;
    append_number(record, static_cast<std::uint64_t>(size));
    compress(record);
}

void SplitRecorder::compress(std::string_view bytes) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (in.pos < in.size) {
        ZSTD_outBuffer out{stream_->buffer.data(), stream_->buffer.size(), 0};
        if (ZSTD_isError(ZSTD_compressStream(stream_->zstd, &out, &in)) != 0U) {
            throw Error(Errc::internal, "zstd cannot compress the layer's headers");
        }
        output_.append(stream_->buffer.data(), out.pos);
    }
}

std::string SplitRecorder::finish() {
    flush_raw();
    for (size_t left = 1; left > 0;) {
        ZSTD_outBuffer out{stream_->buffer.data(), stream_->buffer.size(), 0};
        left = ZSTD_endStream(stream_->zstd, &out);
        if (ZSTD_isError(left) != 0U) {
            throw Error(Errc::internal, "zstd cannot compress the layer's headers");
        }
        output_.append(stream_->buffer.data(), out.pos);
    }
    return std::move(output_);
}

void join_split(const std::filesystem::path& split_file, const std::filesystem::path& folder,
                const std::function<void(std::string_view)>& out) {
    const UniqueFd root = kernel::open_at(AT_FDCWD, folder, O_PATH | O_DIRECTORY);
    SplitReader reader{split_file};
    std::vector<char> buffer(size_t{256} << 10U);
    for (char kind = 0; reader.next(kind);) {
        if (kind == 'R') {
            reader.bytes(reader.number(), out);
        } else if (kind == 'F') {
            std::string path;
            reader.bytes(reader.number(), [&](std::string_view some) { path += some; });
            copy_content(root.get(), path, reader.number(), buffer, out);
        } else {
            broken(split_file);
        }
    }
}

}  // namespace stack::image::tar
