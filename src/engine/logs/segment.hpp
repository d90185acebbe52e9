#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "engine/logs/format.hpp"
#include "engine/logs/mapping.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::engine::logs {

/// A growing file seen through a mapping, or a packed one that was unpacked into memory. Its bytes stay readable when
/// it is unlinked meanwhile.
class MappedFile {
public:
    explicit MappedFile(const std::filesystem::path& file);

    /// Bytes [offset, offset + length) as far as they are there. Views die with the next call.
    std::string_view bytes(std::uint64_t offset, std::uint64_t length);
    /// Asks the kernel how long the file is now.
    std::uint64_t size();

private:
    UniqueFd file_;  ///< empty if the bytes were unpacked, or nothing is there
    Mapping mapping_;
};

/// One generation of one container's log.
class Segment {
public:
    Segment(const std::filesystem::path& folder, std::uint64_t generation);
    std::uint64_t generation() const noexcept { return generation_; }
    std::uint64_t record_count() { return index_.size() / sizeof(IndexRecord); }
    /// `number` < record_count().
    IndexRecord record(std::uint64_t number);
    std::string_view bytes(const IndexRecord& record);

private:
    std::uint64_t generation_;
    MappedFile index_, out_, err_;
};

}  // namespace stack::engine::logs
