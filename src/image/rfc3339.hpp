#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stack::image {

/// Seconds since 1970 of "2024-05-01T12:34:56.789Z" or with "+02:00"; nullopt on anything else (RFC 3339 5.6).
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

/// "2024-05-01T12:34:56Z", with nanoseconds as Docker writes them unless they are 0.
std::string format_rfc3339(std::int64_t seconds, std::uint32_t nanoseconds = 0);

/// Now, or SOURCE_DATE_EPOCH where it is set (reproducible-builds.org).
std::string creation_time();
/// SOURCE_DATE_EPOCH in seconds; nullopt if it is unset. Throws Errc::invalid_input if it is not a number.
std::optional<std::int64_t> source_date_epoch();

}  // namespace stack::image
