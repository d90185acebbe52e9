#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "engine/runtime/launch_plan.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {

/// Descriptors that a plan needs; all borrowed, -1 where there is none.
/// stdin/stdout/stderr are given to the container's process and, where they are FIFOs, to its user (fchown), so that
/// a process that is not root can open /dev/stdout again. With a tty they are not used: the terminal's master end is
/// sent over `console_socket` as one byte with SCM_RIGHTS (receive_console), before the process is executed.
struct LaunchFds {
    int standard_input{-1}, standard_output{-1}, standard_error{-1};  ///< -1: /dev/null
    int console_socket{-1};                                           ///< AF_UNIX, with a tty
    int error_pipe{-1};  ///< write end, close-on-exec; see read_launch_error
    /// Namespaces to enter where the plan says `join`: a namespace's file or a pidfd of a process in it. For ipc take a
    /// pidfd: the other container's /dev/shm is shared too, and it lies in that container's mount namespace.
    int network_namespace{-1}, pid_namespace{-1}, ipc_namespace{-1}, uts_namespace{-1};
};

/// A process that was cloned. Its parent is the caller, who reaps it.
struct Launched {
    pid_t pid{-1};
    UniqueFd pidfd;
};

/// Clones the container's first process. Returns as soon as it exists; whether it came as far as execve(2) is told on
/// the error pipe. Call only from a process with one thread: the child runs C++ before execve.
/// Throws SysError if the clone is refused; failures of the child come from read_launch_error.
Launched launch(const LaunchPlan& plan, const LaunchFds& fds);

/// What the child could not do. `exit_code` is Docker's: 127 command not found, 126 found but not executable,
/// 128 for a setup step that failed (docker run answers 125 then, docker start 1).
struct LaunchFailure {
    std::string step;  ///< "mount '/data'", "execute 'nginx'"
    int err{0};        ///< errno
    std::string text;  ///< whole sentence for people, errno's text at its end
    int exit_code{128};
};

struct ExecOutcome {
    std::optional<LaunchFailure> failure;  ///< none: execve(2) succeeded
    std::vector<std::string> warnings;  ///< what could not be had, though the process runs ("cannot raise nofile …")
};

/// Reads the error pipe to its end. Blocks until the child has executed or failed; for an event loop feed the bytes
/// that were read until EOF to parse_launch_report instead. The caller's own copy of the write end must be closed.
ExecOutcome read_launch_error(int error_pipe);
ExecOutcome parse_launch_report(std::string_view bytes);

/// Takes the terminal's master end from the other end of `console_socket`. Blocks.
UniqueFd receive_console(int console_socket);

/// Exit status of wait4(2)/waitid(2) as people know it: 0-255, or 128 + signal.
int exit_code_of(int wait_status) noexcept;

/// A descriptor of a program, ours, on a read-only mount of its own (open_tree(2), mount_setattr(2), Linux 5.12), for
/// fexecve(3). A process started so can be seen by a container as /proc/PID/exe, but never be opened for writing
/// through it (CVE-2019-5736).
UniqueFd sealed_program(const std::filesystem::path& program);
/// Executes the program again from sealed_program() unless it runs from a read-only mount already. To be called
/// first thing by every command that launches or execs by itself. `arguments` is main's argv.
void ensure_sealed_program(char* const* arguments);

}  // namespace stack::runtime
