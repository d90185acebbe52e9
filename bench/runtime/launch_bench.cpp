// How long one container takes, against the floor: the least that the kernel needs for the same isolation.
//
//   floor   clone3(NEWNS|NEWPID|NEWIPC|NEWUTS|NEWCGROUP|NEWNET, INTO_CGROUP) + overlay + proc, tmpfs /dev, sysfs
//           + pivot_root + execve of a static `true` + wait
//   launch  a network namespace + create_cgroup + make_launch_plan + launch() of the same `true` + wait + remove_cgroup
//
// Both in turns in one run, medians; prints one line per measure: "name  microseconds  ratio to the floor".
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/runtime/cgroup.hpp"
#include "engine/runtime/clone.hpp"
#include "engine/runtime/exec.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/runtime/plan_launch.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/random.hpp"

namespace {

namespace fs = std::filesystem;
using namespace stack;
using namespace stack::runtime;
using Clock = std::chrono::steady_clock;

struct Ground {
    TempDir dir{"/var/tmp", "stack-bench"};
    fs::path layer = dir.path() / "layer";
    CgroupHost host = CgroupHost::detect();
    std::string parent = "stack-bench" + random_hex(3);

    Ground() {
        for (const char* folder : {"bin", "proc", "sys", "dev", "etc"}) {
            fs::create_directories(layer / folder);
        }
        fs::copy_file("/bin/busybox", layer / "bin/busybox");
        for (const char* name : {"true", "sleep"}) {
            fs::create_symlink("busybox", layer / "bin" / name);
        }
    }
    ~Ground() { remove_parent_cgroup(host, parent); }
};

void wait_for(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || status != 0) {
        throw Error(Errc::system, fmt::format("the container ended with status {:#x}", status));
    }
}

void must(bool succeeded) {
    if (!succeeded) {
        ::_exit(99);
    }
}

[[noreturn]] void floor_child(const fs::path& merged, const std::string& options) {
    must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    must(::mount("overlay", merged.c_str(), "overlay", 0, options.c_str()) == 0);
    must(::chdir(merged.c_str()) == 0);
    must(::mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0);
    must(::mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755") == 0);
    must(::mount("sysfs", "sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0);
    must(::syscall(SYS_pivot_root, ".", ".") == 0);
    must(::umount2(".", MNT_DETACH) == 0);
    ::execl("/bin/true", "true", nullptr);
    ::_exit(98);
}

void run_floor(const Ground& ground, int round) {
    const fs::path folder = ground.dir.path() / fmt::format("floor{}", round);
    for (const char* name : {"upper", "work", "merged"}) {
        fs::create_directories(folder / name);
    }
    CgroupSpec spec;
    const std::string cgroup = ground.host.v2_root() + "/" + ground.parent + fmt::format("/floor{}", round);
    fs::create_directories(cgroup);
    const std::string options = fmt::format("lowerdir={},upperdir={},workdir={}", ground.layer.string(),
                                            (folder / "upper").string(), (folder / "work").string());
    {
        const UniqueFd group = kernel::open_at(AT_FDCWD, cgroup, O_PATH | O_DIRECTORY);
        int pidfd = -1;
        const pid_t pid =
            clone_process(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNET,
                          group.get(), &pidfd);
        if (pid == 0) {
            floor_child(folder / "merged", options);
        }
        const UniqueFd owner{pidfd};
        wait_for(pid);
    }
    ::rmdir(cgroup.c_str());
}

LaunchInput input_for(const Ground& ground, const std::string& id) {
    LaunchInput input;
    input.container_id = id;
    input.layers = {ground.layer};
    input.container_dir = ground.dir.path() / id;
    input.run_dir = ground.dir.path() / (id + "-run");
    input.seccomp_cache = ground.dir.path() / "seccomp";
    input.hostname = id;
    input.spec.command = desired::Strings{"true"};
    return input;
}

Launched start(const Ground& ground, LaunchInput& input, LaunchPlan& plan) {
    const UniqueFd own = kernel::open_at(AT_FDCWD, "/proc/self/ns/net", O_RDONLY);
    check(::unshare(CLONE_NEWNET), [] { return "unshare"; });
    const UniqueFd network = kernel::open_at(AT_FDCWD, "/proc/self/ns/net", O_RDONLY);
    kernel::enter_namespace(own.get(), CLONE_NEWNET);
    CgroupSpec spec{ground.parent, input.container_id, input.spec.resources, device_rules(input.spec)};
    std::vector<std::string> warnings;
    input.cgroup = create_cgroup(ground.host, spec, warnings);
    plan = make_launch_plan(input).plan;
    Pipe report = make_pipe();
    LaunchFds fds;
    fds.network_namespace = network.get();
    fds.error_pipe = report.write.get();
    Launched launched = launch(plan, fds);
    report.write.reset();
    const ExecOutcome outcome = read_launch_error(report.read.get());
    if (outcome.failure) {
        throw Error(Errc::system, outcome.failure->text);
    }
    return launched;
}

void run_launch(const Ground& ground, int round) {
    LaunchInput input = input_for(ground, fmt::format("launch{}", round));
    LaunchPlan plan;
    {
        const Launched launched = start(ground, input, plan);
        wait_for(launched.pid);
    }
    remove_cgroup(input.cgroup);
}

/// exec of `true` in a container that runs.
class ExecRound {
public:
    explicit ExecRound(const Ground& ground) : input_{input_for(ground, "target")} {
        input_.spec.command = desired::Strings{"sleep", "100000"};
        launched_ = start(ground, input_, plan_);
    }
    ~ExecRound() {
        kernel::pidfd_send_signal(launched_.pidfd.get(), SIGKILL);
        ::waitpid(launched_.pid, nullptr, 0);
        remove_cgroup(input_.cgroup);
    }
    void run() {
        ExecRequest request;
        request.args = {"true"};
        Pipe report = make_pipe();
        ExecFds fds;
        fds.container = launched_.pidfd.get();
        fds.error_pipe = report.write.get();
        const Launched launched = launch_exec(make_exec_plan(plan_, request), fds, Caller::waits);
        report.write.reset();
        read_launch_error(report.read.get());
        wait_for(launched.pid);
    }

private:
    LaunchInput input_;
    LaunchPlan plan_;
    Launched launched_;
};

double microseconds(const std::function<void()>& body) {
    const auto begin = Clock::now();
    body();
    return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 100;
    try {
        const Ground ground;
        ExecRound exec{ground};
        std::vector<double> floor, launch, exec_times;
        for (int round = 0; round < rounds; ++round) {
            floor.push_back(microseconds([&] { run_floor(ground, round); }));
            launch.push_back(microseconds([&] { run_launch(ground, round); }));
            exec_times.push_back(microseconds([&] { exec.run(); }));
        }
        const double base = median(floor);
        fmt::print("floor   {:8.0f} us  1.00\n", base);
        fmt::print("launch  {:8.0f} us  {:.2f}\n", median(launch), median(launch) / base);
        fmt::print("exec    {:8.0f} us  {:.2f}\n", median(exec_times), median(exec_times) / base);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}
