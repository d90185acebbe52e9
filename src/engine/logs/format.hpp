#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/logs/reader.hpp"

/// The files of one container's log, in <container>/logs/:
///
///   stdout.7 stderr.7   the bytes of each stream, as they were written and nothing else
///   index.7             one IndexRecord for each piece that arrived, in order of arrival
///   index.3.zst …       a generation that nobody writes any more, packed (packer.hpp)
///   state               touched when the container's state changes, so that followers look
///
/// The number is the generation. A full generation is left, packed where the limits say so, and the next one begun;
/// the oldest is removed.
namespace stack::engine::logs {

/// 32 bytes, host byte order: the files do not leave the machine.
struct IndexRecord {
    std::uint64_t sequence{0};  ///< true order of all pieces of one project
    std::int64_t time_ns{0};    ///< wall clock at which the piece was taken
    std::uint64_t offset{0};    ///< in the stream's file of this generation
    std::uint32_t length{0};
    std::uint8_t stream{0};     ///< Stream
    std::uint8_t recovered{0};  ///< 1: found after a crash; the time is the one of finding it
    std::uint16_t reserved{0};
};
static_assert(sizeof(IndexRecord) == 32);

std::filesystem::path index_file(const std::filesystem::path& folder, std::uint64_t generation);
std::filesystem::path data_file(const std::filesystem::path& folder, Stream stream, std::uint64_t generation);

/// Where the bytes of one of these files are when it is packed.
std::filesystem::path packed_file(const std::filesystem::path& file);

/// Removes all files of a generation, packed or not.
void remove_generation(const std::filesystem::path& folder, std::uint64_t generation) noexcept;
/// What its files take on disk, in bytes, each rounded up to a page.
std::uint64_t disk_usage(const std::filesystem::path& folder, std::uint64_t generation) noexcept;

/// The generations that have an index, ascending. Empty if there is no folder.
std::vector<std::uint64_t> generations(const std::filesystem::path& folder);

/// Touches `state`: wakes everybody who follows this log. Failures are ignored (the folder may be gone).
void nudge_followers(const std::filesystem::path& folder) noexcept;

}  // namespace stack::engine::logs
