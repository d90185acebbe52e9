#include "image/compression.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <bzlib.h>
#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "support/error.hpp"

namespace stack::image {
namespace {

using namespace std::string_view_literals;

constexpr size_t output_size = size_t{256} << 10U;
constexpr std::uint64_t most_xz_memory = std::uint64_t{256} << 20U;
constexpr int most_zstd_window_log = 27;  // 128 MiB: what `zstd -d` allows without being asked

[[noreturn]] void broken(std::string_view format, std::string_view why) {
    throw Error(Errc::invalid_input, fmt::format("the {} data is broken: {}", format, why));
}

class Plain final : public Decompressor {
public:
    void feed(std::string_view bytes, const Take& take) override { take(bytes); }
    void finish() override {}
};

class Gunzip final : public Decompressor {
public:
    Gunzip() {
        constexpr int gzip_only = 16 + MAX_WBITS;
        if (::inflateInit2(&stream_, gzip_only) != Z_OK) {
            throw Error(Errc::system, "zlib: out of memory");
        }
    }
    ~Gunzip() override { ::inflateEnd(&stream_); }

    void feed(std::string_view bytes, const Take& take) override {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream_.avail_in = static_cast<uInt>(bytes.size());
        bool full = false;
        while (stream_.avail_in > 0 || full) {
            if (between_members_) {
                // Some writers fill up with zeros behind the last member; gzip(1) passes over them as well.
                if (*stream_.next_in == 0) {
                    padding_ = true;
                    ++stream_.next_in;
                    --stream_.avail_in;
                    full = false;
                    continue;
                }
                if (padding_) {
                    broken("gzip", "something follows its end");
                }
                ::inflateReset(&stream_);
                between_members_ = false;
            }
            stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
            stream_.avail_out = static_cast<uInt>(buffer_.size());
            const int result = ::inflate(&stream_, Z_NO_FLUSH);
            if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
                broken("gzip", stream_.msg ? stream_.msg : "damaged");
            }
            const size_t got = buffer_.size() - stream_.avail_out;
            if (got > 0) {
                take({buffer_.data(), got});
            }
            full = stream_.avail_out == 0;
            between_members_ = result == Z_STREAM_END;
            if (between_members_) {
                full = false;
            }
        }
    }
    void finish() override {
        if (!between_members_) {
            broken("gzip", "it ends too early");
        }
    }

private:
    z_stream stream_{};
    std::vector<char> buffer_ = std::vector<char>(output_size);
    bool between_members_{false}, padding_{false};
};

class Unzstd final : public Decompressor {
public:
    Unzstd() { ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, most_zstd_window_log); }

    void feed(std::string_view bytes, const Take& take) override {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        bool full = false;
        while (in.pos < in.size || full) {
            ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
            left_ = ZSTD_decompressStream(stream_.get(), &out, &in);
            if (ZSTD_isError(left_) != 0U) {
                broken("zstd", ZSTD_getErrorName(left_));
            }
            if (out.pos > 0) {
                take({buffer_.data(), out.pos});
            }
            full = out.pos == out.size && left_ != 0;
        }
    }
    void finish() override {
        if (left_ != 0) {
            broken("zstd", "it ends too early");
        }
    }

private:
    std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_{ZSTD_createDStream(), &ZSTD_freeDStream};
    std::vector<char> buffer_ = std::vector<char>(output_size);
    size_t left_{1};
};

class Unxz final : public Decompressor {
public:
    Unxz() {
        if (::lzma_stream_decoder(&stream_, most_xz_memory, LZMA_CONCATENATED) != LZMA_OK) {
            throw Error(Errc::system, "liblzma: out of memory");
        }
    }
    ~Unxz() override { ::lzma_end(&stream_); }

    void feed(std::string_view bytes, const Take& take) override {
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
        stream_.avail_in = bytes.size();
        code(LZMA_RUN, &take);
    }
    void finish() override {
        if (code(LZMA_FINISH, nullptr) != LZMA_STREAM_END) {
            broken("xz", "it ends too early");
        }
    }

private:
    lzma_ret code(lzma_action action, const Take* take) {
        for (;;) {
            stream_.next_out = reinterpret_cast<std::uint8_t*>(buffer_.data());
            stream_.avail_out = buffer_.size();
            const lzma_ret result = ::lzma_code(&stream_, action);
            if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR) {
                broken("xz", result == LZMA_MEMLIMIT_ERROR ? "it wants too much memory" : "damaged");
            }
            const size_t got = buffer_.size() - stream_.avail_out;
            if (got > 0 && take != nullptr) {
                (*take)({buffer_.data(), got});
            }
            if (result == LZMA_STREAM_END || (stream_.avail_in == 0 && stream_.avail_out > 0)) {
                return result;
            }
        }
    }

    lzma_stream stream_ = LZMA_STREAM_INIT;
    std::vector<char> buffer_ = std::vector<char>(output_size);
};

class Bunzip2 final : public Decompressor {
public:
    Bunzip2() { start(); }
    ~Bunzip2() override { ::BZ2_bzDecompressEnd(&stream_); }

    void feed(std::string_view bytes, const Take& take) override {
        stream_.next_in = const_cast<char*>(bytes.data());
        stream_.avail_in = static_cast<unsigned>(bytes.size());
        bool full = false;
        while (stream_.avail_in > 0 || full) {
            if (between_members_) {
                ::BZ2_bzDecompressEnd(&stream_);
                const auto next = stream_.next_in;
                const auto left = stream_.avail_in;
                start();
                stream_.next_in = next;
                stream_.avail_in = left;
                between_members_ = false;
            }
            stream_.next_out = buffer_.data();
            stream_.avail_out = static_cast<unsigned>(buffer_.size());
            const int result = ::BZ2_bzDecompress(&stream_);
            if (result != BZ_OK && result != BZ_STREAM_END) {
                broken("bzip2", "damaged");
            }
            const size_t got = buffer_.size() - stream_.avail_out;
            if (got > 0) {
                take({buffer_.data(), got});
            }
            between_members_ = result == BZ_STREAM_END;
            full = stream_.avail_out == 0 && !between_members_;
        }
    }
    void finish() override {
        if (!between_members_) {
            broken("bzip2", "it ends too early");
        }
    }

private:
    void start() {
        stream_ = {};
        if (::BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) {
            throw Error(Errc::system, "libbz2: out of memory");
        }
    }

    bz_stream stream_{};
    std::vector<char> buffer_ = std::vector<char>(output_size);
    bool between_members_{false};
};

class Gzip final : public Compressor {
public:
    Gzip() {
        constexpr int gzip_header = 16 + MAX_WBITS;
        constexpr int memory_level = 8;
        constexpr int level = 6;
        if (::deflateInit2(&stream_, level, Z_DEFLATED, gzip_header, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
            throw Error(Errc::system, "zlib: out of memory");
        }
    }
    ~Gzip() override { ::deflateEnd(&stream_); }

    void feed(std::string_view bytes, const Take& take) override {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream_.avail_in = static_cast<uInt>(bytes.size());
        deflate(Z_NO_FLUSH, take);
    }
    void finish(const Take& take) override { deflate(Z_FINISH, take); }

private:
    void deflate(int flush, const Take& take) {
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
            stream_.avail_out = static_cast<uInt>(buffer_.size());
            ::deflate(&stream_, flush);
            const size_t got = buffer_.size() - stream_.avail_out;
            if (got > 0) {
                take({buffer_.data(), got});
            }
        } while (stream_.avail_out == 0);
    }

    z_stream stream_{};
    std::vector<char> buffer_ = std::vector<char>(output_size);
};

class Zstd final : public Compressor {
public:
    void feed(std::string_view bytes, const Take& take) override {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        while (in.pos < in.size) {
            run(in, ZSTD_e_continue, take);
        }
    }
    void finish(const Take& take) override {
        ZSTD_inBuffer in{nullptr, 0, 0};
        while (run(in, ZSTD_e_end, take) != 0) {
        }
    }

private:
    size_t run(ZSTD_inBuffer& in, ZSTD_EndDirective directive, const Take& take) {
        ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
        const size_t left = ZSTD_compressStream2(stream_.get(), &out, &in, directive);
        if (ZSTD_isError(left) != 0U) {
            throw Error(Errc::internal, fmt::format("zstd: {}", ZSTD_getErrorName(left)));
        }
        if (out.pos > 0) {
            take({buffer_.data(), out.pos});
        }
        return left;
    }

    std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> stream_{ZSTD_createCCtx(), &ZSTD_freeCCtx};
    std::vector<char> buffer_ = std::vector<char>(output_size);
};

}  // namespace

Compression detect_compression(std::string_view head) noexcept {
    if (head.starts_with("\x1f\x8b"sv)) {
        return Compression::gzip;
    }
    if (head.starts_with("\x28\xb5\x2f\xfd"sv)) {
        return Compression::zstd;
    }
    // A skippable frame may come first (zstd_compression_format.md): magic 0x184D2A50 to 5F.
    if (head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xf0U) == 0x50 &&
        head.substr(1, 3) == "\x2a\x4d\x18"sv) {
        return Compression::zstd;
    }
    if (head.starts_with("\xfd"
                         "7zXZ\0"sv)) {
        return Compression::xz;
    }
    return head.starts_with("BZh"sv) ? Compression::bzip2 : Compression::none;
}

std::unique_ptr<Decompressor> Decompressor::make(Compression format) {
    switch (format) {
        case Compression::none:
            return std::make_unique<Plain>();
        case Compression::gzip:
            return std::make_unique<Gunzip>();
        case Compression::zstd:
            return std::make_unique<Unzstd>();
        case Compression::xz:
            return std::make_unique<Unxz>();
        case Compression::bzip2:
            return std::make_unique<Bunzip2>();
    }
    throw Error(Errc::internal, "unknown compression");
}

std::unique_ptr<Compressor> Compressor::make(Compression format) {
    if (format == Compression::gzip) {
        return std::make_unique<Gzip>();
    }
    if (format == Compression::zstd) {
        return std::make_unique<Zstd>();
    }
    throw Error(Errc::unsupported, "layers are compressed with gzip or zstd only");
}

}  // namespace stack::image
