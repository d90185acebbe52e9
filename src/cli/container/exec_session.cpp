#include "cli/container/exec_session.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/exit_codes.hpp"
#include "cli/terminal.hpp"
#include "cli/terminal_session.hpp"
#include "engine/container_files.hpp"
#include "engine/runtime/exec.hpp"
#include "engine/runtime/plan_launch.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::cli {

namespace {

using engine::ContainerStatus;

void expect_running(const engine::ContainerRow& row) {
    if (row.status == ContainerStatus::paused) {
        throw Error{Errc::conflict, fmt::format("container {} is paused", row.name)}.hint("unpause it first");
    }
    if (row.vanished || row.status != ContainerStatus::running) {
        throw Error{Errc::conflict, fmt::format("container {} is not running", row.name)};
    }
}

std::vector<std::string> resolved_env(const std::vector<std::string>& wish) {
    std::vector<std::string> env;
    for (const std::string& entry : wish) {
        if (entry.find('=') != std::string::npos) {
            env.push_back(entry);
        } else if (const char* value = std::getenv(entry.c_str())) {
            env.push_back(fmt::format("{}={}", entry, value));
        }
    }
    return env;
}

runtime::ExecRequest request_of(const ExecWish& wish) {
    runtime::ExecRequest request;
    request.args = wish.args;
    request.env = resolved_env(wish.env);
    request.user = wish.user;
    request.working_dir = wish.working_dir;
    request.tty = wish.tty;
    request.privileged = wish.privileged;
    if (wish.tty) {
        const char* term = std::getenv("TERM");
        request.env.insert(request.env.begin(), fmt::format("TERM={}", term ? term : "xterm"));
        const TerminalSize size = terminal_size(STDOUT_FILENO);
        request.rows = static_cast<std::uint16_t>(size.rows);
        request.columns = static_cast<std::uint16_t>(size.columns);
    }
    return request;
}

/// One of our standard streams for the program: itself if it is a file or pipe, which costs nothing and is exact; a
/// pipe that we copy from if it is a terminal, because a program in a container must not hold the user's terminal.
struct Stream {
    UniqueFd ours, theirs;
    int direct{-1};

    static Stream output(int fd) {
        Stream stream;
        if (isatty(fd) == 1) {
            Pipe pipe = make_pipe();
            stream.ours = std::move(pipe.read);
            stream.theirs = std::move(pipe.write);
        } else {
            stream.direct = fd;
        }
        return stream;
    }
    static Stream input(int fd) {
        Stream stream;
        if (isatty(fd) == 1) {
            Pipe pipe = make_pipe();
            stream.ours = std::move(pipe.write);
            stream.theirs = std::move(pipe.read);
        } else {
            stream.direct = fd;
        }
        return stream;
    }
    int given() const { return direct >= 0 ? direct : theirs.get(); }
};

int wait_for_exit(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            throw SysError{errno, "wait for the program"};
        }
    }
    return runtime::exit_code_of(status);
}

void throw_if_failed(UniqueFd error_write, int error_read) {
    error_write.reset();
    const runtime::ExecOutcome outcome = runtime::read_launch_error(error_read);
    if (outcome.failure) {
        const int code = outcome.failure->exit_code == 128 ? exit_not_executable : outcome.failure->exit_code;
        throw ExitError{code, Error{Errc::system, outcome.failure->text}};
    }
}

int run_plain(const runtime::ExecPlan& plan, int container, const ExecWish& wish) {
    Stream in = wish.interactive ? Stream::input(STDIN_FILENO) : Stream{};
    Stream out = wish.detach ? Stream{} : Stream::output(STDOUT_FILENO);
    Stream err = wish.detach ? Stream{} : Stream::output(STDERR_FILENO);
    Pipe failure = make_pipe();
    const runtime::ExecFds fds{.container = container,
                               .standard_input = in.given(),
                               .standard_output = out.given(),
                               .standard_error = err.given(),
                               .console_socket = -1,
                               .error_pipe = failure.write.get()};
    const runtime::Launched launched = runtime::launch_exec(plan, fds, runtime::Caller::waits);
    in.theirs.reset();
    out.theirs.reset();
    err.theirs.reset();
    throw_if_failed(std::move(failure.write), failure.read.get());
    if (wish.detach) {
        return 0;
    }
    Relay relay;
    relay.input = in.ours ? STDIN_FILENO : -1;
    relay.program_in = in.ours.get();
    relay.from_out = out.ours.get();
    relay.to_out = STDOUT_FILENO;
    relay.from_err = err.ours.get();
    relay.to_err = STDERR_FILENO;
    relay.ended = launched.pidfd.get();
    relay.input_ended = [&] { in.ours.reset(); };
    run_relay(relay);
    return wait_for_exit(launched.pid);
}

int run_on_terminal(const runtime::ExecPlan& plan, int container, const ExecWish& wish) {
    int pair[2];
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), [] { return std::string{"make a socket pair"}; });
    const UniqueFd receiver{pair[0]};
    UniqueFd sender{pair[1]};
    Pipe failure = make_pipe();
    runtime::ExecFds fds;
    fds.container = container;
    fds.console_socket = sender.get();
    fds.error_pipe = failure.write.get();
    const runtime::Launched launched = runtime::launch_exec(plan, fds, runtime::Caller::waits);
    sender.reset();
    throw_if_failed(std::move(failure.write), failure.read.get());
    const UniqueFd master = runtime::receive_console(receiver.get());
    if (wish.detach) {
        return 0;
    }
    const RawTerminal raw{wish.interactive ? STDIN_FILENO : -1};
    Relay relay;
    relay.input = wish.interactive ? STDIN_FILENO : -1;
    relay.program_in = master.get();
    relay.from_out = master.get();
    relay.to_out = STDOUT_FILENO;
    relay.ended = launched.pidfd.get();
    relay.terminal = true;
    relay.detach_keys = wish.detach_keys;
    if (run_relay(relay) == RelayEnd::detached) {
        return 0;
    }
    return wait_for_exit(launched.pid);
}

}  // namespace

int exec_in_container(const Context& context, const engine::ContainerRow& container, const ExecWish& wish) {
    expect_running(container);
    const std::string plan_text = read_file(engine::launch_plan_file(context.paths, container.id));
    const runtime::ExecPlan plan = runtime::make_exec_plan(runtime::parse_launch_plan(plan_text), request_of(wish));
    const UniqueFd pidfd = kernel::pidfd_open(static_cast<pid_t>(container.pid));
    if (kernel::process_start_ticks(static_cast<pid_t>(container.pid)) != container.start_ticks) {
        throw Error{Errc::conflict, fmt::format("container {} is not running", container.name)};
    }
    return wish.tty ? run_on_terminal(plan, pidfd.get(), wish) : run_plain(plan, pidfd.get(), wish);
}

}  // namespace stack::cli
