#pragma once

#include <string>

#include "support/kernel/unique_fd.hpp"

namespace stack::engine::supervisor {

/// Descriptors with which keeper and worker are started, at these numbers.
constexpr int control_fd = 3;    ///< SEQPACKET to the other one; a fresh keeper: the readiness pipe
constexpr int listening_fd = 4;  ///< the project's supervisor.sock; a fresh keeper: the spawn lock of who starts it
constexpr int life_lock_fd = 5;

/// The parent of a project's containers. It does so little that it has nothing to die of: it clones what the worker
/// asks for, reaps, remembers how things ended until the worker has written it down, keeps descriptors, and starts the
/// worker again when that dies. One thread, no heap but while a plan is parsed for a clone.
///
/// main() of "supervise keeper <project>": takes the life lock, listens, tells the readiness pipe, starts the worker.
int run_keeper(const std::string& project);
/// main() of "supervise keeper <project> again": started by a worker whose keeper died; `control_fd` is its socket.
int run_keeper_again(const std::string& project);

struct Started {
    int pid{-1};
    UniqueFd pidfd;
};
/// From a keeper: a worker with the three descriptors in place (borrowed). Forked and not executed anew: a keeper is
/// one thread with next to nothing in its memory, and a program of our size takes milliseconds to be loaded.
Started start_worker(const std::string& project, int control, int listening, int lock);
/// From a worker whose keeper died: executes `program`, our own, as "stack supervise keeper <project> again".
Started start_keeper_again(const std::string& project, int program, int control, int listening, int lock);
/// main's argv, so that a forked worker can be told from its keeper by its command line.
void remember_own_words(char** words);

}  // namespace stack::engine::supervisor
