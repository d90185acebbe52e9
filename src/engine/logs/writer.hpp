#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/logs/format.hpp"
#include "engine/logs/packer.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::engine::logs {

struct Limits {
    std::int64_t max_bytes{20 * 1024 * 1024};  ///< of one generation, index included; <= 0: no limit, one generation
    int max_files{5};                          ///< generations kept
    /// Full generations are packed, and as many of them kept as fit in max_bytes × max_files on disk.
    bool pack{false};
};

/// Gives out the numbers of one project's true order. One per worker.
class Sequence {
public:
    std::uint64_t next() noexcept { return ++last_; }
    /// Numbers go on above `used`.
    void skip_to(std::uint64_t used) noexcept { last_ = last_ < used ? used : last_; }

private:
    std::uint64_t last_{0};
};

/// Appends to one container's log. One writer per container at a time (the worker of its project).
class Writer {
public:
    /// Goes on where the last writer stopped: bytes in the data files that no index record tells of get one.
    /// Makes the folder. Throws SysError.
    Writer(std::filesystem::path folder, Limits limits, Sequence& sequence);

    enum class Taken { some, nothing, end };
    /// Moves what is waiting in a pipe (read end, O_NONBLOCK) to the log without copying it through this process, at
    /// most 1 MiB. `end`: nobody holds the write end any more and it is empty. On a full disk the bytes are thrown
    /// away, so that the container does not stand still, and a SysError says so once.
    Taken take(int pipe, Stream stream);

    /// Throws away what is waiting in a pipe.
    static Taken drop(int pipe);
    /// Removes what was written; readers keep what they have mapped.
    void forget();

    /// Packs a piece of what was left full, if the limits say so; to be called again while it returns true.
    /// Throws as Packer::step does.
    bool pack_some() { return packer_.step(); }

    /// Bytes that come from ourselves, not from a pipe.
    void append(std::string_view bytes, Stream stream);

private:
    struct Data {
        UniqueFd file;
        std::uint64_t size{0};
    };
    Data& data(Stream stream) noexcept { return data_[stream == Stream::out ? 0 : 1]; }
    void open_generation();
    void recover(Stream stream, std::uint64_t indexed);
    void record(Stream stream, std::uint64_t length, bool recovered);
    void rotate_if_full();
    void begin_generation();
    void remove_old(int kept);
    void fit_in(std::uint64_t bytes);
    Taken discard(int pipe, int err);

    std::filesystem::path folder_;
    Limits limits_;
    Sequence& sequence_;
    std::uint64_t generation_{1};
    Data data_[2];
    Packer packer_;
    UniqueFd index_;
    std::uint64_t index_size_{0};
    bool said_full_{false};
};

}  // namespace stack::engine::logs
