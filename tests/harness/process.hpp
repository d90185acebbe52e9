#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "support/kernel/unique_fd.hpp"

namespace stack::testing {

/// No test measures time; this is only so that a hang ends. Generous, because CI may be several times slower.
constexpr std::chrono::seconds patience{300};
/// For commands that fetch packages or images and unpack them.
constexpr std::chrono::seconds image_patience{1200};

struct Command {
    std::vector<std::string> argv;
    std::map<std::string, std::string> env;  ///< on top of this process's
    std::filesystem::path cwd;               ///< empty: ours
    std::string input;                       ///< written to its stdin, which is then closed (not with tty)
    bool tty{false};                         ///< stdin, stdout and stderr are one terminal of 80 × 24
    bool keep_stdin{false};                  ///< stdin stays open for write()
};

struct Result {
    int exit_code{-1};  ///< 128 + signal if one ended it
    std::string out, err;
    std::string all() const { return out + err; }
};

/// A child process whose output is collected. Killed on destruction if it still runs.
class Process {
public:
    explicit Process(const Command& command);
    Process(Process&&) noexcept;
    Process& operator=(Process&&) = delete;
    ~Process();

    /// Reads until stdout and stderr together contain `text`; false if the process ended or `limit` passed before.
    bool wait_for(std::string_view text, std::chrono::seconds limit = patience);
    /// Until it has ended. Throws if it does not within `limit`.
    Result wait(std::chrono::seconds limit = patience);
    /// Input, also for a terminal: "\x03" is Ctrl-C.
    void write(std::string_view bytes);
    void close_stdin() { stdin_.reset(); }
    void signal(int number);
    pid_t pid() const noexcept { return pid_; }
    /// What it said so far.
    std::string output() const { return out_ + err_; }

private:
    bool pump(int timeout_ms);
    bool has_ended();

    pid_t pid_{-1};
    UniqueFd pidfd_, stdin_, stdout_, stderr_, terminal_;
    std::string out_, err_;
    std::optional<int> status_;
};

/// `limit` is for what takes longer than `patience`, as work on images does.
Result run(const Command& command, std::chrono::seconds limit = patience);

}  // namespace stack::testing
