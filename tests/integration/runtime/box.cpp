#include "integration/runtime/box.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/random.hpp"

namespace stack::runtime::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* scratch = "/var/tmp";  // a real disk: overlay wants no tmpfs with user xattrs missing

TempDir make_busybox() {
    TempDir root{scratch, "runtime-test-layer"};
    for (const char* folder : {"bin", "etc", "proc", "sys", "dev", "tmp", "root", "var", "home/ada", "data"}) {
        fs::create_directories(root.path() / folder);
    }
    fs::permissions(root.path(), fs::perms{0755});
    fs::permissions(root.path() / "tmp", fs::perms{01777});
    fs::copy_file("/bin/busybox", root.path() / "bin/busybox");
    for (const char* applet :
         {"sh",       "cat",      "ls",  "id",  "echo",  "true",  "false", "sleep", "mount",  "umount",
          "grep",     "hostname", "env", "pwd", "touch", "mkdir", "mknod", "stat",  "kill",   "ps",
          "readlink", "head",     "dd",  "wc",  "test",  "chmod", "ln",    "rm",    "ulimit", "tty",
          "stty",     "nc",       "ip",  "awk", "sed",   "tail",  "df"}) {
        fs::create_symlink("busybox", root.path() / "bin" / applet);
    }
    write_file(root.path() / "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1001:Ada:/home/ada:/bin/sh\n");
    write_file(root.path() / "etc/group", "root:x:0:\ntty:x:5:\nada:x:1001:\nwriters:x:2000:ada\nextra:x:3000:\n");
    write_file(root.path() / "etc/only-in-the-container", "yes\n");
    return root;
}

UniqueFd new_network_namespace() {
    const UniqueFd own = kernel::open_at(AT_FDCWD, "/proc/self/ns/net", O_RDONLY);
    check(::unshare(CLONE_NEWNET), [] { return "make a network namespace"; });
    UniqueFd made = kernel::open_at(AT_FDCWD, "/proc/self/ns/net", O_RDONLY);
    kernel::enter_namespace(own.get(), CLONE_NEWNET);
    return made;
}

int wait_for(pid_t pid) {
    int status = 0;
    pid_t got;
    do {
        got = ::waitpid(pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    check(got, [] { return "wait for the container"; });
    return exit_code_of(status);
}

}  // namespace

const fs::path& busybox_layer() {
    static const TempDir layer = make_busybox();
    return layer.path();
}

std::pair<std::string, std::string> drain(int out, int err) {
    std::string texts[2];
    pollfd polled[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        check(::poll(polled, 2, -1), [] { return "poll"; });
        for (int i = 0; i < 2; ++i) {
            if (polled[i].fd < 0 || polled[i].revents == 0) {
                continue;
            }
            char buffer[4096];
            const ssize_t got = ::read(polled[i].fd, buffer, sizeof buffer);
            if (got <= 0) {
                polled[i].fd = -1;
            } else {
                texts[i].append(buffer, static_cast<size_t>(got));
            }
        }
    }
    return {texts[0], texts[1]};
}

Box::Box() : netns_{new_network_namespace()} {
    input.container_id = random_hex(32);
    input.layers = {busybox_layer()};
    input.container_dir = root_.paths().container(input.container_id);
    input.run_dir = root_.paths().container_run(input.container_id);
    input.seccomp_cache = root_.paths().root() / "seccomp";
    input.hostname = input.container_id.substr(0, 12);
    fs::create_directories(input.run_dir);
}

Box::~Box() {
    if (running_) {
        kill(SIGKILL);
        wait();
    }
    remove_cgroup(cgroup());
    remove_parent_cgroup(CgroupHost::detect(), "stack-" + root_.paths().tag());
    fs::remove_all(input.container_dir);
    fs::remove_all(input.run_dir);
}

void Box::make_cgroup() {
    CgroupSpec spec;
    spec.parent = "stack-" + root_.paths().tag();
    spec.name = input.container_id;
    spec.resources = input.spec.resources;
    spec.devices = device_rules(input.spec);
    input.cgroup = create_cgroup(CgroupHost::detect(), spec, warnings);
}

ExecOutcome Box::launch_with(const Pipe& out, const Pipe& err) {
    if (cgroup().v2_dir.empty() && cgroup().v1_dirs.empty()) {
        make_cgroup();
    }
    PlannedLaunch planned = make_launch_plan(input);
    warnings.insert(warnings.end(), planned.warnings.begin(), planned.warnings.end());
    plan_ = parse_launch_plan(serialize(planned.plan));
    Pipe report = make_pipe();
    LaunchFds fds;
    fds.standard_output = out.write.get();
    fds.standard_error = err.write.get();
    fds.error_pipe = report.write.get();
    fds.network_namespace = netns_.get();
    int sockets[2] = {-1, -1};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), [] { return "socketpair"; });
    const UniqueFd ours{sockets[0]};
    UniqueFd theirs{sockets[1]};
    fds.console_socket = theirs.get();
    running_ = launch(plan_, fds);
    report.write.reset();
    theirs.reset();
    ExecOutcome outcome = read_launch_error(report.read.get());
    if (plan_.process.tty && !outcome.failure) {
        console_ = receive_console(ours.get());
    }
    warnings.insert(warnings.end(), outcome.warnings.begin(), outcome.warnings.end());
    return outcome;
}

Finished Box::run(const std::string& script) {
    input.spec.command = desired::Strings{"sh", "-c", script};
    return run();
}

Finished Box::run() {
    Pipe out = make_pipe(), err = make_pipe();
    Finished finished;
    finished.outcome = launch_with(out, err);
    out.write.reset();
    err.write.reset();
    std::tie(finished.out, finished.err) = console_ ? drain(console_.get(), -1) : drain(out.read.get(), err.read.get());
    finished.exit_code = wait();
    return finished;
}

void Box::start(const std::string& script) {
    input.spec.command = desired::Strings{"sh", "-c", script};
    Pipe out = make_pipe();
    const Pipe err{UniqueFd{}, UniqueFd{::dup(STDERR_FILENO)}};
    const ExecOutcome outcome = launch_with(out, err);
    if (outcome.failure) {
        throw Error(Errc::system, outcome.failure->text);
    }
    out.write.reset();
    std::string seen;
    char byte = 0;
    while (seen.find("ready\n") == std::string::npos && ::read(out.read.get(), &byte, 1) == 1) {
        seen += byte;
    }
    out_ = std::move(out.read);
}

Finished Box::exec(const ExecRequest& request) {
    const ExecPlan plan = parse_exec_plan(serialize(make_exec_plan(plan_, request)));
    Pipe out = make_pipe(), err = make_pipe(), report = make_pipe();
    ExecFds fds;
    fds.container = running_->pidfd.get();
    fds.standard_output = out.write.get();
    fds.standard_error = err.write.get();
    fds.error_pipe = report.write.get();
    const Launched launched = launch_exec(plan, fds, Caller::waits);
    out.write.reset();
    err.write.reset();
    report.write.reset();
    Finished finished;
    finished.outcome = read_launch_error(report.read.get());
    std::tie(finished.out, finished.err) = drain(out.read.get(), err.read.get());
    finished.exit_code = wait_for(launched.pid);
    return finished;
}

Finished Box::exec(const std::string& script) {
    ExecRequest request;
    request.args = {"sh", "-c", script};
    return exec(request);
}

void Box::kill(int signal) {
    kernel::pidfd_send_signal(running_->pidfd.get(), signal);
}

int Box::wait() {
    const pid_t pid = running_->pid;
    running_.reset();
    return wait_for(pid);
}

}  // namespace stack::runtime::test
