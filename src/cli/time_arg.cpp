#include "cli/time_arg.hpp"

#include <ctime>
#include <optional>

#include <fmt/format.h>

#include "cli/container_text.hpp"
#include "cli/flags.hpp"
#include "support/duration.hpp"
#include "support/text.hpp"

namespace stack::cli {

namespace {

/// ".25" is 250'000'000.
std::optional<std::int64_t> parse_fraction(std::string_view digits) {
    if (digits.empty() || digits.size() > 9) {
        return std::nullopt;
    }
    std::string nine{digits};
    nine.append(9 - nine.size(), '0');
    const std::optional<std::uint64_t> value = parse_uint(nine);
    return value ? std::optional<std::int64_t>{static_cast<std::int64_t>(*value)} : std::nullopt;
}

std::optional<std::int64_t> parse_unix(std::string_view text) {
    const size_t dot = text.find('.');
    const std::optional<std::int64_t> seconds = parse_int(text.substr(0, dot));
    const std::optional<std::int64_t> fraction =
        dot == std::string_view::npos ? std::optional<std::int64_t>{0} : parse_fraction(text.substr(dot + 1));
    if (!seconds || !fraction || *seconds > 9'000'000'000) {
        return std::nullopt;
    }
    return *seconds * 1'000'000'000 + *fraction;
}

/// Seconds east of Greenwich of "+02:00"; nullopt if it is no offset.
std::optional<long> parse_offset(std::string_view text) {
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
        return std::nullopt;
    }
    const auto hours = parse_uint(text.substr(1, 2));
    const auto minutes = parse_uint(text.substr(4, 2));
    if (!hours || !minutes) {
        return std::nullopt;
    }
    const long seconds = static_cast<long>(*hours * 3600 + *minutes * 60);
    return text[0] == '-' ? -seconds : seconds;
}

std::optional<std::int64_t> parse_rfc3339(const std::string& text) {
    std::tm parts{};
    const char* rest = nullptr;
    for (const char* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
        parts = {};
        rest = ::strptime(text.c_str(), form, &parts);
        if (rest) {
            break;
        }
    }
    if (!rest) {
        return std::nullopt;
    }
    std::string_view tail = rest;
    std::int64_t fraction = 0;
    if (!tail.empty() && tail[0] == '.') {
        const size_t end = std::min(tail.find_first_not_of("0123456789", 1), tail.size());
        const auto parsed = parse_fraction(tail.substr(1, end - 1));
        if (!parsed) {
            return std::nullopt;
        }
        fraction = *parsed;
        tail.remove_prefix(end);
    }
    if (tail.empty()) {
        parts.tm_isdst = -1;
        return static_cast<std::int64_t>(std::mktime(&parts)) * 1'000'000'000 + fraction;
    }
    const std::optional<long> offset = tail == "Z" ? std::optional<long>{0} : parse_offset(tail);
    if (!offset) {
        return std::nullopt;
    }
    return (static_cast<std::int64_t>(timegm(&parts)) - *offset) * 1'000'000'000 + fraction;
}

}  // namespace

std::int64_t parse_moment(const std::string& text, std::string_view flag) {
    if (const auto moment = parse_unix(text)) {
        return *moment;
    }
    if (const auto ago = parse_duration(text)) {
        return now_ns() - ago->count();
    }
    if (const auto moment = parse_rfc3339(text)) {
        return *moment;
    }
    throw UsageError{
        fmt::format("invalid value '{}' for --{}: expected a time such as 2026-01-02T13:23:37Z, seconds since 1970, or "
                    "how long ago "
                    "(10m)",
                    text, flag)};
}

}  // namespace stack::cli
