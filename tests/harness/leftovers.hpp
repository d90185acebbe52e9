#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "support/paths.hpp"

namespace stack::testing {

/// What this moment is there of one root, a line each: processes (by environment, command line or cgroup), mounts,
/// links, nft tables, cgroups, sockets, and folders of containers. Things of the kernel are recognised by Paths::tag()
/// in their names or by a path below root or run. An empty root has none.
std::vector<std::string> leftovers(const Paths& paths);

/// The same, after giving what is on its way out (a supervisor that leaves, a network namespace that the kernel takes
/// apart) the time to go.
std::vector<std::string> settled_leftovers(const Paths& paths);

/// The running processes of one root (by command line, environment or cgroup) whose name as the kernel keeps it
/// (/proc/PID/comm) is `name`: "stack-worker", "mariadbd".
std::vector<pid_t> processes_named(const Paths& paths, std::string_view name);

/// Takes away whatever leftovers() finds, so that one bad test does not spoil the machine.
void sweep(const Paths& paths);

}  // namespace stack::testing
