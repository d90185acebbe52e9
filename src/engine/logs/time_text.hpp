#pragma once

#include <cstdint>
#include <string>

namespace stack::engine::logs {

/// "2026-11-22T11:03:04.000000500Z": RFC 3339 in UTC, nanoseconds without the noughts at their end, as Go writes it.
std::string rfc3339_nano(std::int64_t time_ns);
/// The same to the second ("…:04Z"), or with six digits.
std::string rfc3339_seconds(std::int64_t time_ns);
std::string rfc3339_micro(std::int64_t time_ns);
/// "Nov  2 11:03:04" in local time (RFC 3164).
std::string syslog_stamp(std::int64_t time_ns);

}  // namespace stack::engine::logs
