#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace stack {

/// "1h30m", "1.5s", "300ms", "10us": one or more number-unit pairs (compose-spec 11-extension "Specifying durations").
/// nullopt on anything else, on a bare number and on overflow. No negative durations.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// The shortest exact form: "1h30m0s", "1.5s", "300ms", "0s" (the form Docker prints).
std::string format_duration(std::chrono::nanoseconds duration);

/// "3 seconds", "About a minute", "2 hours", "5 days": the words of `docker ps`.
std::string describe_age(std::chrono::seconds age);

}  // namespace stack
