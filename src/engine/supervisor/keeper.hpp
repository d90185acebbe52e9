#pragma once

#include <string>

#include "support/kernel/unique_fd.hpp"

namespace stack::engine::supervisor {

/// Descriptors with which keeper and worker are started, at these numbers.
constexpr int control_fd = 3;    ///< SEQPACKET to the other one; a fresh keeper: the readiness pipe
constexpr int listening_fd = 4;  ///< the project's supervisor.sock
constexpr int life_lock_fd = 5;

/// The parent of a project's containers. It does so little that it has nothing to die of: it clones what the worker
/// asks for, reaps, remembers how things ended until the worker has written it down, keeps descriptors, and starts the
/// worker again when that dies. One thread, no heap but while a plan is parsed for a clone.
///
/// main() of "supervise keeper <project>": takes the life lock, listens, tells the readiness pipe, starts the worker.
int run_keeper(const std::string& project);
/// main() of "supervise keeper-again <project>": started by a worker whose keeper died; `control_fd` is its socket.
int run_keeper_again(const std::string& project);

/// Executes our own program as "stack supervise <role> <project>" with the three descriptors in place (borrowed).
/// Returns its pid and a pidfd. `program` is an open descriptor of the program.
struct Started {
    int pid{-1};
    UniqueFd pidfd;
};
Started start_role(const char* role, const std::string& project, int program, int control, int listening, int lock);

}  // namespace stack::engine::supervisor
