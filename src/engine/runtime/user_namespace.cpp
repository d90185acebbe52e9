#include "engine/runtime/user_namespace.hpp"

#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/runtime/clone.hpp"
#include "engine/runtime/pidfd.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

std::string map_text(const std::vector<IdMapping>& map) {
    std::string text;
    for (const IdMapping& range : map) {
        // The file system's ids are the namespace's "inside"; what the container sees is its "outside".
        text += fmt::format("{} {} {}\n", range.outside, range.inside, range.count);
    }
    return text;
}

}  // namespace

UniqueFd user_namespace_with(const std::vector<IdMapping>& uid_map, const std::vector<IdMapping>& gid_map) {
    int raw_pidfd = -1;
    const pid_t child = clone_process(CLONE_NEWUSER, -1, &raw_pidfd);
    if (child == 0) {
        for (;;) {
            ::pause();
        }
    }
    const UniqueFd pidfd{raw_pidfd};
    UniqueFd made;
    try {
        // The caller may be in another PID namespace than /proc shows: the pidfd tells the number as /proc has it.
        const std::string proc = fmt::format("/proc/{}", pid_of(pidfd.get()));
        write_file(proc + "/uid_map", map_text(uid_map));
        write_file(proc + "/gid_map", map_text(gid_map));
        made = kernel::open_at(AT_FDCWD, proc + "/ns/user", O_RDONLY);
    } catch (...) {
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        throw;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return made;
}

}  // namespace stack::runtime
