#include "support/log.hpp"

#include <cstdlib>
#include <string>

#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

namespace stack {
namespace {

LogLevel level_from_environment() noexcept {
    const char* text = std::getenv("STACK_LOG");
    const std::string_view name = text ? text : "";
    if (name == "debug") {
        return LogLevel::debug;
    }
    if (name == "info") {
        return LogLevel::info;
    }
    return name == "warning" ? LogLevel::warning : LogLevel::off;
}

LogLevel& current_level() noexcept {
    static LogLevel level = level_from_environment();
    return level;
}

const char* name_of(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
        case LogLevel::off:
            break;
    }
    return "warning";
}

}  // namespace

LogLevel log_level() noexcept {
    return current_level();
}
void set_log_level(LogLevel level) noexcept {
    current_level() = level;
}

void write_log(LogLevel level, std::string_view line) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    try {
        const std::string whole = fmt::format("{}.{:03} {} {} {}\n", now.tv_sec, now.tv_nsec / 1'000'000,
                                              static_cast<int>(getpid()), name_of(level), line);
        // One write, so that lines of several processes do not mix; a full disk must not stop the engine.
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, whole.data(), whole.size());
    } catch (const std::exception&) {
        return;
    }
}

}  // namespace stack
