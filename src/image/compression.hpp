#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace stack::image {

enum class Compression { none, gzip, zstd, xz, bzip2 };

/// By the first bytes (at least 6 of them, unless the whole is shorter).
Compression detect_compression(std::string_view head) noexcept;

/// One direction of one format, fed in pieces. Several members or frames one behind the other are one stream.
class Decompressor {
public:
    using Take = std::function<void(std::string_view)>;

    static std::unique_ptr<Decompressor> make(Compression format);

    Decompressor() = default;
    Decompressor(const Decompressor&) = delete;
    Decompressor& operator=(const Decompressor&) = delete;
    virtual ~Decompressor() = default;

    /// Gives what comes out to `take`, which may throw. Throws Errc::invalid_input if the bytes are broken.
    virtual void feed(std::string_view bytes, const Take& take) = 0;
    /// Throws Errc::invalid_input if the stream is not at its end here.
    virtual void finish() = 0;
};

class Compressor {
public:
    using Take = std::function<void(std::string_view)>;

    /// gzip and zstd only. The same input and format give the same bytes.
    static std::unique_ptr<Compressor> make(Compression format);

    Compressor() = default;
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;
    virtual ~Compressor() = default;

    virtual void feed(std::string_view bytes, const Take& take) = 0;
    virtual void finish(const Take& take) = 0;
};

}  // namespace stack::image
