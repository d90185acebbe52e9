#pragma once

#include <deque>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/logs/reader.hpp"
#include "engine/logs/segment.hpp"

namespace stack::engine::logs {

/// One container's log, read record by record and cut into lines.
class Source {
public:
    Source(std::filesystem::path folder, size_t number, const ReadOptions& options);

    /// The next record's sequence number; nullopt when all that is there was read.
    std::optional<std::uint64_t> next_sequence();
    /// Takes the next record and hands over the lines it completes. False if `sink` said so.
    bool read_record(const Reader::Sink& sink);
    /// Rests without newline.
    bool flush(const Reader::Sink& sink);
    /// Goes to where the last `lines` lines are still to come, and maybe some before them.
    void seek_to_tail(std::uint64_t lines);
    const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    /// What one stream has left of an unfinished line.
    struct Rest {
        std::string text;
        std::int64_t time_ns{0};
    };
    bool advance_segment();
    bool split(const IndexRecord& record, std::string_view bytes, const Reader::Sink& sink);
    bool emit(const IndexRecord& record, std::int64_t time_ns, std::string_view text, bool complete,
              const Reader::Sink& sink) const;
    Rest& rest(std::uint8_t stream) { return rests_[stream == static_cast<std::uint8_t>(Stream::out) ? 0 : 1]; }

    std::filesystem::path folder_;
    size_t number_;
    ReadOptions options_;
    std::optional<Segment> segment_;
    std::uint64_t next_record_{0}, known_records_{0};
    Rest rests_[2];
    std::uint64_t last_sequence_{0};
};

}  // namespace stack::engine::logs
