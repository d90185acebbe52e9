#include "engine/logs/time_text.hpp"

#include <array>
#include <ctime>

#include <fmt/format.h>

namespace stack::engine::logs {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::string format_time(std::int64_t time_ns, const char* format, bool utc) {
    const std::time_t seconds = time_ns / second_ns;
    std::tm parts{};
    utc ? ::gmtime_r(&seconds, &parts) : ::localtime_r(&seconds, &parts);
    std::array<char, 64> text;
    return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

}  // namespace

std::string rfc3339_nano(std::int64_t time_ns) {
    std::string text = format_time(time_ns, "%Y-%m-%dT%H:%M:%S", true);
    if (const auto rest = time_ns % second_ns; rest != 0) {
        text += fmt::format(".{:09}", rest);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text + "Z";
}

std::string rfc3339_seconds(std::int64_t time_ns) {
    return format_time(time_ns, "%Y-%m-%dT%H:%M:%SZ", true);
}

std::string rfc3339_micro(std::int64_t time_ns) {
    return format_time(time_ns, "%Y-%m-%dT%H:%M:%S", true) + fmt::format(".{:06}Z", time_ns % second_ns / 1000);
}

std::string syslog_stamp(std::int64_t time_ns) {
    return format_time(time_ns, "%b %e %H:%M:%S", false);
}

}  // namespace stack::engine::logs
