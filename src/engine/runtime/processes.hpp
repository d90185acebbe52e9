#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// One process of a container as the host sees it: the columns of `ps -ef`, which `docker top` shows.
struct ProcessRow {
    pid_t pid{0}, parent{0};
    uid_t uid{0};
    int cpu_percent{0};  ///< CPU time by time since its start
    std::chrono::system_clock::time_point started;
    std::string terminal;  ///< "pts/0", "?" without
    std::chrono::seconds cpu_time{0};
    std::string command;  ///< the arguments with blanks between; "[name]" where there are none
    // What `ps aux` and `ps -o` have besides.
    std::string name;  ///< comm
    char state{'?'};   ///< R, S, D, Z, T …
    int nice{0}, threads{0};
    std::uint64_t virtual_bytes{0}, resident_bytes{0};
};

/// All processes in the container's cgroup, by pid. Those that end meanwhile are left out.
std::vector<ProcessRow> list_processes(const CgroupPlacement& placement);

}  // namespace stack::runtime
