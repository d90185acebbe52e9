#include "support/duration.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "support/text.hpp"

namespace stack {
namespace {

struct Unit {
    std::string_view name;
    double nanoseconds;
};
constexpr std::array units{Unit{"ns", 1},  Unit{"us", 1e3}, Unit{"µs", 1e3},   Unit{"ms", 1e6},
                           Unit{"s", 1e9}, Unit{"m", 60e9}, Unit{"h", 3600e9}, Unit{"d", 24 * 3600e9}};

const Unit* find_unit(std::string_view name) {
    for (const auto& unit : units) {
        if (unit.name == name) {
            return &unit;
        }
    }
    return nullptr;
}

// 1.5 -> "1.5", 2 -> "2": at most nine digits after the point, no trailing zeros.
std::string fraction(std::int64_t whole, std::int64_t rest, int digits) {
    if (rest == 0) {
        return std::to_string(whole);
    }
    std::string text = fmt::format("{}.{:0{}}", whole, rest, digits);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    if (text == "0") {
        return std::chrono::nanoseconds{0};
    }
    if (text.empty()) {
        return std::nullopt;
    }
    double total = 0;
    while (!text.empty()) {
        const auto digits = text.find_first_not_of("0123456789.");
        if (digits == 0 || digits == std::string_view::npos) {
            return std::nullopt;
        }
        const auto unit_end = std::min(text.find_first_of("0123456789.", digits), text.size());
        const auto number = parse_double(text.substr(0, digits));
        const auto* unit = find_unit(text.substr(digits, unit_end - digits));
        if (!number || !unit) {
            return std::nullopt;
        }
        total += *number * unit->nanoseconds;
        text.remove_prefix(unit_end);
    }
    if (total >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) {
        return std::nullopt;
    }
    return std::chrono::nanoseconds{std::llround(total)};
}

std::string format_duration(std::chrono::nanoseconds duration) {
    const std::int64_t ns = duration.count();
    if (ns == 0) {
        return "0s";
    }
    if (ns < 1'000) {
        return fmt::format("{}ns", ns);
    }
    if (ns < 1'000'000) {
        return fraction(ns / 1'000, ns % 1'000, 3) + "µs";
    }
    if (ns < 1'000'000'000) {
        return fraction(ns / 1'000'000, ns % 1'000'000, 6) + "ms";
    }
    const std::int64_t seconds = ns / 1'000'000'000;
    const std::string tail = fraction(seconds % 60, ns % 1'000'000'000, 9) + "s";
    if (seconds < 60) {
        return tail;
    }
    if (seconds < 3600) {
        return fmt::format("{}m{}", seconds / 60, tail);
    }
    return fmt::format("{}h{}m{}", seconds / 3600, seconds / 60 % 60, tail);
}

std::string describe_age(std::chrono::seconds age) {
    const auto seconds = age.count();
    const auto minutes = seconds / 60;
    const auto hours = (minutes + 30) / 60;
    if (seconds < 1) {
        return "Less than a second";
    }
    if (seconds == 1) {
        return "1 second";
    }
    if (seconds < 60) {
        return fmt::format("{} seconds", seconds);
    }
    if (minutes == 1) {
        return "About a minute";
    }
    if (minutes < 60) {
        return fmt::format("{} minutes", minutes);
    }
    if (hours == 1) {
        return "About an hour";
    }
    if (hours < 48) {
        return fmt::format("{} hours", hours);
    }
    if (hours < 24 * 7 * 2) {
        return fmt::format("{} days", hours / 24);
    }
    if (hours < 24 * 30 * 2) {
        return fmt::format("{} weeks", hours / 24 / 7);
    }
    if (hours < 24 * 365 * 2) {
        return fmt::format("{} months", hours / 24 / 30);
    }
    return fmt::format("{} years", hours / 24 / 365);
}

}  // namespace stack
