#pragma once

#include <string_view>

#include <fmt/format.h>

namespace stack {

/// Diagnostics of our own, never output for users. Off unless STACK_LOG is "debug", "info" or "warning".
/// They go to standard error, one line each; a supervisor's standard error is its log file.
enum class LogLevel { debug, info, warning, off };

LogLevel log_level() noexcept;
void set_log_level(LogLevel level) noexcept;
void write_log(LogLevel level, std::string_view line) noexcept;

template <class... Args>
void log_debug(fmt::format_string<Args...> text, Args&&... args) {
    if (log_level() <= LogLevel::debug) {
        write_log(LogLevel::debug, fmt::format(text, std::forward<Args>(args)...));
    }
}

template <class... Args>
void log_info(fmt::format_string<Args...> text, Args&&... args) {
    if (log_level() <= LogLevel::info) {
        write_log(LogLevel::info, fmt::format(text, std::forward<Args>(args)...));
    }
}

template <class... Args>
void log_warning(fmt::format_string<Args...> text, Args&&... args) {
    if (log_level() <= LogLevel::warning) {
        write_log(LogLevel::warning, fmt::format(text, std::forward<Args>(args)...));
    }
}

}  // namespace stack
