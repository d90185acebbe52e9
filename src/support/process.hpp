#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stack {

/// A program that we run and wait for. No shell is involved; everything we have open is close-on-exec.
struct ProcessOptions {
    std::vector<std::string> argv;                        ///< argv[0] is looked up in PATH
    std::optional<std::vector<std::string>> environment;  ///< "A=b"; unset: ours
    std::filesystem::path working_dir;                    ///< empty: ours
    std::string input;                                    ///< what it reads on standard input
    /// Called for each line of standard error, and of standard output too unless `capture_output`.
    std::function<void(std::string_view line)> on_line;
    bool capture_output{false};
};

struct ProcessResult {
    int exit_code{0};         ///< 128 + signal number if a signal ended it
    std::string output;       ///< standard output, if captured
    std::string last_errors;  ///< the last lines of standard error, for messages
};

/// Throws Errc::not_found if there is no such program. A non-zero exit code is no error here.
ProcessResult run_process(const ProcessOptions& options);

/// Full path of a program in PATH (and in the sbin folders, which PATH of a normal user misses); nullopt if it is not
/// installed.
std::optional<std::filesystem::path> find_program(std::string_view name);

}  // namespace stack
