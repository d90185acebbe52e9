#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stack::engine::logs {

enum class Stream : std::uint8_t { out = 1, err = 2 };

/// One line as it was written (without its newline), or the rest of a stream that has no newline at its end.
/// `text` is valid during the callback only.
struct Line {
    size_t source{0};  ///< which of the sources it came from
    Stream stream{Stream::out};
    std::int64_t time_ns{0};
    std::uint64_t sequence{0};  ///< true order over all containers of one project
    std::string_view text;
    bool complete{true};  ///< ended by a newline
};

struct ReadOptions {
    std::optional<std::uint64_t> tail;  ///< last lines per source
    std::int64_t since_ns{0};           ///< 0: from the beginning
    std::int64_t until_ns{0};           ///< 0: no end
    bool out{true}, err{true};
    /// Pieces as they came, bytes unchanged, newlines in them, instead of lines (terminals, attach). `tail` is ignored.
    bool raw{false};
};

/// Reads the logs of several containers in true order. Reads files alone; asks no supervisor.
class Reader {
public:
    /// `log_folders`: <container>/logs of each source; one that is not there yet is empty.
    Reader(std::vector<std::filesystem::path> log_folders, ReadOptions options);
    Reader(Reader&&) noexcept;
    ~Reader();

    /// Hands over the lines that are there and were not read yet. With `flush`, rests without newline as well.
    /// Returns false if `sink` did, which stops the reading.
    using Sink = std::function<bool(const Line&)>;
    bool read(const Sink& sink, bool flush = true);

    /// For following: a descriptor that is readable when there may be more to read or a container's state changed
    /// (an inotify descriptor; poll it together with whatever else). Call `acknowledge` before `read`.
    int watch_fd();
    void acknowledge();

    /// One more source while following (a container that was started later); returns its number.
    size_t add(const std::filesystem::path& log_folder);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace stack::engine::logs
