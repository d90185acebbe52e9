#include "engine/runtime/launch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/runtime/child.hpp"
#include "engine/runtime/clone.hpp"
#include "engine/runtime/exec.hpp"
#include "engine/runtime/pidfd.hpp"
#include "engine/runtime/rootfs.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

std::uint64_t flag_if(NamespaceMode mode, int flag) {
    return mode == NamespaceMode::create ? static_cast<std::uint64_t>(flag) : 0;
}

std::uint64_t clone_flags(const NamespacePlan& namespaces) {
    return CLONE_NEWNS | flag_if(namespaces.network, CLONE_NEWNET) | flag_if(namespaces.pid, CLONE_NEWPID) |
           flag_if(namespaces.ipc, CLONE_NEWIPC) | flag_if(namespaces.uts, CLONE_NEWUTS);
}

/// Children that are cloned while this lives start in another PID namespace (pid_namespaces(7): setns(2) moves only
/// the caller's children).
class ChildrenInPidNamespace {
public:
    explicit ChildrenInPidNamespace(int fd) : own_{kernel::open_at(AT_FDCWD, "/proc/self/ns/pid", O_RDONLY)} {
        kernel::enter_namespace(fd, CLONE_NEWPID);
    }
    ChildrenInPidNamespace(const ChildrenInPidNamespace&) = delete;
    ChildrenInPidNamespace& operator=(const ChildrenInPidNamespace&) = delete;
    ~ChildrenInPidNamespace() { static_cast<void>(::setns(own_.get(), CLONE_NEWPID)); }

private:
    UniqueFd own_;
};

UniqueFd open_v2_cgroup(const CgroupPlacement& placement) {
    return placement.v2_dir.empty() ? UniqueFd{} : kernel::open_at(AT_FDCWD, placement.v2_dir, O_PATH | O_DIRECTORY);
}

struct ExecChild {
    const ExecPlan& plan;
    const ExecFds& fds;
    int root;

    static void run(void* about) noexcept {
        const auto& child = *static_cast<const ExecChild*>(about);
        run_exec_child(child.plan, child.fds, child.root);
    }
};

}  // namespace

Launched launch(const LaunchPlan& plan, const LaunchFds& fds) {
    const UniqueFd cgroup = open_v2_cgroup(plan.cgroup);
    std::optional<ChildrenInPidNamespace> elsewhere;
    if (plan.namespaces.pid == NamespaceMode::join) {
        elsewhere.emplace(fds.pid_namespace);
    }
    int pidfd = -1;
    const pid_t pid = clone_process(clone_flags(plan.namespaces), cgroup.get(), &pidfd);
    if (pid == 0) {
        run_launch_child(plan, fds);
    }
    return {pid, UniqueFd{pidfd}};
}

Launched launch_exec(const ExecPlan& plan, const ExecFds& fds, Caller caller) {
    const pid_t container = pid_of(fds.container);
    if (container <= 0) {
        throw Error(Errc::not_found, "the container is not running any more");
    }
    const UniqueFd root = open_running_root(container, fds.container);
    const UniqueFd cgroup = open_v2_cgroup(plan.cgroup);
    const ChildrenInPidNamespace inside{fds.container};
    int pidfd = -1;
    if (caller == Caller::waits) {
        ExecChild child{plan, fds, root.get()};
        const pid_t pid = clone_waiting(cgroup.get(), &pidfd, &ExecChild::run, &child);
        return {pid, UniqueFd{pidfd}};
    }
    const pid_t pid = clone_process(0, cgroup.get(), &pidfd);
    if (pid == 0) {
        run_exec_child(plan, fds, root.get());
    }
    return {pid, UniqueFd{pidfd}};
}

int exit_code_of(int wait_status) noexcept {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace stack::runtime
