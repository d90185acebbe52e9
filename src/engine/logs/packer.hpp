#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>

#include "engine/logs/format.hpp"
#include "engine/logs/mapping.hpp"

namespace stack::engine::logs {

/// Packs the files of generations that nobody writes any more, a piece at a time, so that an event loop can do other
/// things in between. A file becomes `<name>.zst` (a zstd frame, RFC 8878) under a temporary name first; the file
/// itself goes when the packed one is there, so that a reader always finds one of the two and a process killed at any
/// instant has lost nothing. An empty file just goes.
class Packer {
public:
    explicit Packer(std::filesystem::path folder);
    ~Packer();

    /// To be packed after what was added before. Files that are packed already, or gone, are passed over.
    void add(std::uint64_t generation);
    /// Packs at most 1 MiB more. False: nothing is left to do. Throws SysError when a file cannot be packed; it then
    /// stays as it is, and the next call goes on with the next file.
    bool step();

private:
    struct Job;
    std::filesystem::path folder_;
    std::deque<std::filesystem::path> waiting_;
    std::unique_ptr<Job> job_;
};

/// The bytes of a file that a Packer packed. Throws Error if they are damaged.
Mapping unpack(const std::filesystem::path& packed);

}  // namespace stack::engine::logs
