#pragma once

#include <functional>
#include <string>

#include <termios.h>

#include "support/kernel/unique_fd.hpp"

namespace stack::cli {

/// The user's terminal in raw mode (tcsetattr(3)), put back on destruction, also by exit through an exception.
class [[nodiscard]] RawTerminal {
public:
    /// Does nothing if `fd` is no terminal.
    explicit RawTerminal(int fd);
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal();

private:
    int fd_;
    bool changed_{false};
    termios before_{};
};

/// "ctrl-p,ctrl-q" as bytes; "a,ctrl-x". Throws UsageError. Empty text: no way to detach.
std::string parse_detach_keys(const std::string& text);
constexpr const char* default_detach_keys = "ctrl-p,ctrl-q";

/// Finds the detach keys in what is typed. What may be their beginning is held back until the next byte decides.
class DetachFilter {
public:
    explicit DetachFilter(std::string keys) : keys_{std::move(keys)} {}
    /// What is to be passed on; `detached` becomes true when the keys were complete (the rest of `typed` is dropped).
    std::string pass(std::string_view typed, bool& detached);

private:
    std::string keys_;
    size_t matched_{0};
};

/// Copies between this process's standard streams and a running program until the program ends, or the user detaches.
struct Relay {
    int input{-1};       ///< ours; -1: none
    int program_in{-1};  ///< the program's stdin or terminal; -1: none
    /// Descriptors to copy from, and ours to write to. One terminal master, or stdout and stderr pipes.
    int from_out{-1}, to_out{-1};
    int from_err{-1}, to_err{-1};
    int ended{-1};  ///< pidfd of the program; readable at its end
    bool terminal{false};
    std::string detach_keys;
    std::function<void()> input_ended;  ///< close the program's stdin
};
enum class RelayEnd { program_ended, detached };
RelayEnd run_relay(const Relay& relay);

/// Gives the terminal behind `master` the size of ours.
void copy_terminal_size(int ours, int master);

}  // namespace stack::cli
