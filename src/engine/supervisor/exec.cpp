#include "engine/supervisor/exec.hpp"

#include <array>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include "engine/container_files.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/supervisor/container.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/random.hpp"

namespace stack::engine::supervisor {
namespace {

constexpr size_t most_output = 4096;

/// Reads until nobody holds the other end, keeps the first bytes. Ends early when `output` is left by its owner.
struct Output {
    std::string text;
    UniqueFd pipe;
    std::unique_ptr<Watched> watched;
};

Task<> collect(std::shared_ptr<Output> output) {
    std::array<char, 4096> buffer;
    while (true) {
        const bool ready = co_await output->watched->readable();
        if (!ready) {
            break;
        }
        const ssize_t got = ::read(output->pipe.get(), buffer.data(), buffer.size());
        if (got <= 0) {
            co_return;
        }
        const size_t room = most_output - output->text.size();
        output->text.append(buffer.data(), std::min(room, static_cast<size_t>(got)));
    }
}

}  // namespace

Task<ExecResult> run_in_container(Project& project, const Container& container, const runtime::ExecRequest& request,
                                  const std::chrono::nanoseconds& timeout) {
    const auto stored = runtime::parse_launch_plan(read_file(launch_plan_file(project.paths, container.id())));
    LaunchRequest launch;
    launch.key = random_hex(32);
    launch.is_exec = true;
    launch.plan = runtime::serialize(runtime::make_exec_plan(stored, request));
    const auto output = std::make_shared<Output>();
    Pipe pipe = make_pipe(O_NONBLOCK);
    ::fcntl(pipe.write.get(), F_SETFL, 0);  // the process's end blocks
    Pipe errors = make_pipe();
    output->pipe = std::move(pipe.read);
    output->watched = std::make_unique<Watched>(project.loop, output->pipe.get());
    launch.fd(LaunchFd::container) = container.pidfd();
    launch.fd(LaunchFd::standard_output) = pipe.write.get();
    launch.fd(LaunchFd::standard_error) = pipe.write.get();
    launch.fd(LaunchFd::error_pipe) = errors.write.get();
    const auto wait = std::make_shared<Project::ExecWait>();
    project.execs[launch.key] = wait;
    const Clock::time_point deadline = timeout.count() > 0 ? Clock::now() + timeout : never;
    ExecResult result;
    std::optional<LaunchedProcess> process;
    try {
        process = co_await project.keeper.launch(launch);
    } catch (const Error& error) {
        result.output = error.what();
    }
    if (!process) {
        project.execs.erase(launch.key);
        co_return result;
    }
    pipe.write.reset();
    errors.write.reset();
    spawn(project.loop, collect(output), "output of a process in " + container.name());
    while (!wait->end) {
        if (!result.timed_out && Clock::now() >= deadline) {
            result.timed_out = true;
            kernel::pidfd_send_signal(process->pidfd.get(), SIGKILL);
        }
        co_await wait_for(wait->ended, result.timed_out ? never : deadline);
    }
    project.execs.erase(launch.key);
    project.keeper.forget(launch.key);
    output->watched->stop();
    // What was written before the end is in the pipe.
    std::array<char, most_output> rest;
    const ssize_t got = ::read(output->pipe.get(), rest.data(), most_output - output->text.size());
    result.output = output->text + std::string(rest.data(), got > 0 ? static_cast<size_t>(got) : 0);
    // All writers of the error pipe are gone with the process, so this does not wait.
    const runtime::ExecOutcome outcome = runtime::read_launch_error(errors.read.get());
    if (outcome.failure) {
        result.exit_code = outcome.failure->exit_code;
        result.output = outcome.failure->text;
    } else if (!result.timed_out && wait->end->status_known != 0) {
        result.exit_code = runtime::exit_code_of(wait->end->status);
    }
    co_return result;
}

}  // namespace stack::engine::supervisor
