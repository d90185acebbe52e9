#include "build/unpack.hpp"

#include <array>
#include <memory>

#include <sys/stat.h>
#include <unistd.h>

#include "image/archive.hpp"
#include "image/compression.hpp"
#include "image/file_input.hpp"
#include "image/pump.hpp"
#include "image/tar/unpacker.hpp"
#include "support/error.hpp"

namespace stack::build {
namespace {

constexpr size_t head_size = 512;    // a tar's first header
constexpr size_t magic_place = 257;  // "ustar", POSIX.1-2017 pax "ustar Interchange Format"; GNU writes "ustar  "

std::int64_t size_of(int fd) {
    struct stat status {};
    check(::fstat(fd, &status), [] { return "stat an archive"; });
    return status.st_size;
}

/// Enough of the file's beginning to see a tar header, decompressed. What is broken is no archive.
std::string plain_head(int fd) {
    constexpr size_t probed = 65536;
    std::string bytes(probed, '\0');
    const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
    const auto format = image::detect_compression(bytes);
    if (format == image::Compression::none) {
        return bytes.substr(0, head_size);
    }
    std::string plain;
    try {
        const auto decompressor = image::Decompressor::make(format);
        decompressor->feed(bytes, [&](std::string_view piece) {
            plain += piece.substr(0, head_size - std::min(plain.size(), head_size));
        });
    } catch (const Error&) {
        plain.clear();
    }
    return plain;
}

}  // namespace

bool is_tar(int fd) {
    const auto head = plain_head(fd);
    return head.size() == head_size && head.compare(magic_place, 5, "ustar") == 0;
}

void unpack_tar(int fd, const std::filesystem::path& into) {
    image::FileInput raw{fd, 0, size_of(fd), "the archive"};
    image::Pump plain{[&](const image::Pump::Give& give) {
        auto bytes = raw.next();
        const auto decompressor = image::Decompressor::make(image::detect_compression(bytes));
        for (; !bytes.empty(); bytes = raw.next()) {
            decompressor->feed(bytes, give);
        }
        decompressor->finish();
    }};
    const auto limits = image::UnpackLimits::from_environment();
    image::tar::unpack_plain(plain, into, {limits.max_bytes, limits.max_entries});
}

}  // namespace stack::build
