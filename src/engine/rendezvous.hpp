#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "support/kernel/unique_fd.hpp"
#include "support/paths.hpp"

/// Where a project's supervisor is found, and who may start one.
namespace stack::engine {

/// $STACK_RUN/projects/<project>; "_" for the containers without a project, which is no project's name.
std::filesystem::path supervisor_folder(const Paths& paths, const std::string& project);

/// Both are byte-range locks of one file, locks/supervisors, at places made of the project's name, so that no file is
/// left behind per project. They belong to the open file (F_OFD_SETLK, fcntl(2)): a process that gets the descriptor
/// holds the lock too, and it ends with the last of them.
enum class SupervisorLock {
    life,   ///< held by keeper and worker as long as one of them lives
    spawn,  ///< held while somebody starts a supervisor, and by one that leaves
};
/// Waits until it is free, or for so many seconds, with alarm(2), if that is not 0: then an empty descriptor.
UniqueFd lock_supervisor(const Paths& paths, const std::string& project, SupervisorLock which, unsigned patience_s = 0);
/// An empty descriptor if somebody else holds it.
UniqueFd try_lock_supervisor(const Paths& paths, const std::string& project, SupervisorLock which);

/// Connected stream socket; empty if nobody listens. The path may be longer than a socket address holds.
UniqueFd connect_supervisor(const std::filesystem::path& folder);
/// Listening socket at folder/supervisor.sock, in place of an old one.
UniqueFd listen_as_supervisor(const std::filesystem::path& folder);

/// Starts a detached "<program> supervise keeper <project>" and returns when it listens. The caller holds the spawn
/// lock; the keeper shares it until it listens, so that a caller that is killed meanwhile lets nobody start a second
/// one. Throws with the last lines of supervisor.log if it does not come up.
void start_supervisor(const Paths& paths, const std::string& project, const std::filesystem::path& program,
                      const UniqueFd& spawn_lock);

}  // namespace stack::engine
