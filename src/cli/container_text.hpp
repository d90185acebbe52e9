#pragma once

#include <string>
#include <vector>

#include "engine/state/container_row.hpp"

/// A container's row in the words of `docker ps`.
namespace stack::cli {

/// "Up 3 seconds (healthy)", "Exited (0) 2 minutes ago", "Created", "Restarting (1) 4 seconds ago".
std::string status_text(const engine::ContainerRow& row);
/// "running", "exited" …: what `--filter status=` and the State column mean, vanished ones included.
std::string state_word(const engine::ContainerRow& row);
/// "0.0.0.0:8000->80/tcp, [::]:8000->80/tcp, 9000/tcp"; neighbours are drawn together ("7000-7003/tcp").
std::string ports_text(const engine::ContainerRow& row);
/// The command in double quotes, cut to 20 characters unless `whole`.
std::string command_text(const engine::ContainerRow& row, bool whole);
/// Names of the networks that the container has a place in, or will have when it starts; "none" and "host", too.
std::vector<std::string> network_names(const engine::ContainerRow& row);
/// "About a minute ago".
std::string created_text(const engine::ContainerRow& row);
/// The first 12 digits.
std::string short_id(const std::string& id);
/// "web-1": without the project, as the prefix of its log lines.
std::string log_name(const engine::ContainerRow& row);
/// "2026-11-22T11:03:04.5Z" (RFC 3339, UTC, as few digits as needed); "0001-01-01T00:00:00Z" for 0, as Go writes it.
std::string rfc3339(std::int64_t time_ns);
std::int64_t now_ns();

}  // namespace stack::cli
