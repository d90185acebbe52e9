#pragma once

#include <cstdint>
#include <string>

namespace stack::cli {

/// A moment as `--since` and `--until` take it: "2026-01-02T13:23:37Z" (also with an offset, a fraction, without zone:
/// local time, only the date), seconds since 1970 with a fraction ("1136073600.5"), or how long before now ("10m",
/// "1h30m"). Nanoseconds since 1970. Throws UsageError naming `flag`.
std::int64_t parse_moment(const std::string& text, std::string_view flag);

}  // namespace stack::cli
