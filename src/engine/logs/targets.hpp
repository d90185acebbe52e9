#pragma once

#include <memory>

#include "engine/logs/driver.hpp"

/// The targets one by one; see open_target(). Separate, so that tests can point them elsewhere.
namespace stack::engine::logs {

/// Docker's file: {"log":"text\n","stream":"stdout","time":"…"}, one a line; rotated to `file`.1, `file`.2 …
std::unique_ptr<Target> open_json_file(const std::filesystem::path& file, const DriverConfig& config,
                                       const Origin& origin);

/// `options`: syslog-address (udp://, tcp://, unix://, unixgram://; default /dev/log), syslog-facility, syslog-format,
/// tag.
std::unique_ptr<Target> open_syslog(const Options& options, const Origin& origin);

constexpr const char* journal_socket = "/run/systemd/journal/socket";
std::unique_ptr<Target> open_journald(const std::filesystem::path& socket, const Options& options,
                                      const Origin& origin);

/// Checks syslog's address, facility and format without connecting.
void check_syslog_options(const Options& options);

}  // namespace stack::engine::logs
