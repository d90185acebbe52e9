#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace stack::image::tar {

inline constexpr size_t block_size = 512;

/// Entry types that layers hold (POSIX pax "ustar typeflag").
enum class EntryType : char {
    file = '0',
    hard_link = '1',
    symlink = '2',
    char_device = '3',
    block_device = '4',
    directory = '5',
    fifo = '6',
};

/// One entry as it is meant after pax and GNU extensions were applied.
struct Entry {
    std::string path;  ///< as written, without a trailing slash
    EntryType type{EntryType::file};
    mode_t mode{0};  ///< permission bits, set-uid, set-gid, sticky
    std::int64_t uid{0}, gid{0};
    std::int64_t size{0};  ///< bytes of content; 0 for all but files
    std::int64_t mtime{0};
    std::uint32_t mtime_nanoseconds{0};
    std::string link_target;  ///< hard links, symlinks
    std::uint32_t device_major{0}, device_minor{0};
    std::map<std::string, std::string> xattrs;  ///< SCHILY.xattr.*, values are bytes
    /// GNU sparse files: the content's runs of data; empty for others. `size` is then the size with the holes.
    struct SparseRun {
        std::int64_t offset, length;
    };
    std::vector<SparseRun> sparse;
    std::int64_t stored_size{0};  ///< bytes of content in the tar
};

/// The header block(s) of `entry`: one ustar block, before it a pax extended header where ustar cannot say it (long or
/// non-ASCII names, big numbers, xattrs). Nanoseconds are left out, as in Docker's layers. The same entry gives the
/// same bytes for ever: diff ids depend on it.
std::string encode_header(const Entry& entry);

/// Zero bytes that fill the last block of `size` bytes of content.
std::string_view padding(std::int64_t size);

/// The two zero blocks at the end.
std::string_view end_of_archive();

}  // namespace stack::image::tar
