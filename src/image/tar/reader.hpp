#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "image/tar/header.hpp"
#include "image/tar/input.hpp"
#include "image/tar/sink.hpp"

namespace stack::image::tar {

/// Reads a tar from an untrusted source, entry by entry: V7, ustar, pax (POSIX.1-2001) and GNU headers, with long
/// names, big numbers, xattrs and sparse files (GNU 'S', pax formats 0.0, 0.1 and 1.0). Global pax headers are passed
/// over, as Docker does. Names are given as they are written: judging them is the caller's.
///
/// Memory is bounded whatever the source says. Throws Errc::invalid_input with the place in words.
/// `observer`, if given, sees every byte of the stream once; file content is told apart (Sink) where it is the file's
/// content as it is, that is, not for sparse files.
class Reader {
public:
    explicit Reader(Input& input, Sink* observer = nullptr) : input_{input}, observer_{observer} {}

    /// The next entry; passes over what was not read of the last one's content. nullopt at the end of the archive, when
    /// also everything behind it was read.
    std::optional<Entry> next();

    /// All content of the entry that next() gave. For sparse files only the data runs, one behind the other.
    void content(const std::function<void(std::string_view)>& take);

    /// Offset of the next unread byte in the stream: of the content, right after next().
    std::int64_t offset() const noexcept { return offset_; }

private:
    struct Pax;
    enum class Seen { raw, payload, nothing };

    bool read_block(std::array<char, block_size>& block);
    std::string read_text(std::int64_t size, const char* what);
    void pass(std::int64_t count, Seen seen, const std::function<void(std::string_view)>* take);
    bool refill();
    void finish_content();
    void drain();
    void read_sparse_map_in_content(Entry& entry);
    void read_old_sparse_map(const std::array<char, block_size>& block, Entry& entry);
    Entry decode(const std::array<char, block_size>& block, Pax& pax);
    [[noreturn]] void fail(const std::string& what) const;

    Input& input_;
    Sink* observer_;
    std::string_view chunk_;
    std::int64_t offset_{0};
    std::int64_t content_left_{0};
    std::int64_t padding_left_{0};
    bool content_is_plain_{false};
    std::string path_;  ///< of the current entry, for messages
    bool at_end_{false};
};

}  // namespace stack::image::tar
