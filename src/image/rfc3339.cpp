#include "image/rfc3339.hpp"

#include <cstdlib>
#include <ctime>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

// A fixed number of digits at `at`; moves `at` behind them.
std::optional<int> digits(std::string_view text, size_t& at, size_t count) {
    if (text.size() < at + count) {
        return std::nullopt;
    }
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
        const char c = text[at + i];
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    at += count;
    return value;
}

bool literal(std::string_view text, size_t& at, std::string_view choices) {
    if (at >= text.size() || choices.find(text[at]) == std::string_view::npos) {
        return false;
    }
    ++at;
    return true;
}

// "Z" or "+hh:mm" as seconds east of UTC; must reach the end of the text.
std::optional<std::int64_t> zone_offset(std::string_view text, size_t at) {
    if (text.substr(at) == "Z" || text.substr(at) == "z") {
        return 0;
    }
    const bool west = at < text.size() && text[at] == '-';
    if (!literal(text, at, "+-")) {
        return std::nullopt;
    }
    const auto hours = digits(text, at, 2);
    if (!hours || !literal(text, at, ":")) {
        return std::nullopt;
    }
    const auto minutes = digits(text, at, 2);
    if (!minutes || at != text.size()) {
        return std::nullopt;
    }
    const std::int64_t offset = *hours * 3600 + *minutes * 60;
    return west ? -offset : offset;
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
    size_t at = 0;
    std::tm time{};
    struct Part {
        int std::tm::*member;
        size_t count;
        std::string_view behind;
    };
    constexpr Part parts[] = {{&std::tm::tm_year, 4, "-"}, {&std::tm::tm_mon, 2, "-"}, {&std::tm::tm_mday, 2, "Tt "},
                              {&std::tm::tm_hour, 2, ":"}, {&std::tm::tm_min, 2, ":"}, {&std::tm::tm_sec, 2, ""}};
    for (const Part& part : parts) {
        const auto value = digits(text, at, part.count);
        if (!value || (!part.behind.empty() && !literal(text, at, part.behind))) {
            return std::nullopt;
        }
        time.*part.member = *value;
    }
    if (time.tm_mon < 1 || time.tm_mon > 12 || time.tm_mday < 1 || time.tm_mday > 31 || time.tm_hour > 23 ||
        time.tm_min > 59 || time.tm_sec > 60) {
        return std::nullopt;
    }
    if (literal(text, at, ".")) {
        while (literal(text, at, "0123456789")) {
        }
    }
    const auto offset = zone_offset(text, at);
    if (!offset) {
        return std::nullopt;
    }
    time.tm_year -= 1900;
    time.tm_mon -= 1;
    return ::timegm(&time) - *offset;
}

std::string format_rfc3339(std::int64_t seconds, std::uint32_t nanoseconds) {
    const std::time_t when = seconds;
    std::tm time{};
    ::gmtime_r(&when, &time);
    const std::string fraction = nanoseconds == 0 ? "" : fmt::format(".{:09}", nanoseconds);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", time.tm_year + 1900, time.tm_mon + 1, time.tm_mday,
                       time.tm_hour, time.tm_min, time.tm_sec, fraction);
}

std::optional<std::int64_t> source_date_epoch() {
    const char* value = std::getenv("SOURCE_DATE_EPOCH");
    if (value == nullptr || *value == '\0') {
        return std::nullopt;
    }
    const auto seconds = parse_int(value);
    if (!seconds || *seconds < 0) {
        throw Error(Errc::invalid_input, fmt::format("SOURCE_DATE_EPOCH must be a number of seconds, not '{}'", value));
    }
    return seconds;
}

std::string creation_time() {
    if (const auto fixed = source_date_epoch()) {
        return format_rfc3339(*fixed);
    }
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return format_rfc3339(now.tv_sec, static_cast<std::uint32_t>(now.tv_nsec));
}

}  // namespace stack::image
