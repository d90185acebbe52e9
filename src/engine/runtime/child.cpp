#include "engine/runtime/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "engine/runtime/container_root.hpp"
#include "engine/runtime/process_setup.hpp"
#include "engine/runtime/report.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

constexpr int setup_failed = 128;

/// v1 hierarchies take one process at a time; the v2 tree was entered by the clone itself.
void enter_v1_cgroups(const CgroupPlacement& placement) {
    for (const std::string& dir : placement.v1_dirs) {
        write_file(dir + "/cgroup.procs", "0");  // "0" is the writer itself
    }
}

void enter_joined(NamespaceMode mode, int fd, int flag, const char* name) {
    if (mode == NamespaceMode::join) {
        while_doing(fmt::format("enter the {} namespace", name), [&] { kernel::enter_namespace(fd, flag); });
    }
}

void enter_namespaces(const LaunchPlan& plan, const LaunchFds& fds) {
    enter_joined(plan.namespaces.network, fds.network_namespace, CLONE_NEWNET, "network");
    enter_joined(plan.namespaces.ipc, fds.ipc_namespace, CLONE_NEWIPC, "ipc");
    enter_joined(plan.namespaces.uts, fds.uts_namespace, CLONE_NEWUTS, "uts");
    if (plan.namespaces.cgroup == NamespaceMode::create) {
        // Not at the clone: the new namespace's root is the cgroup that its maker is in at that moment.
        check(::unshare(CLONE_NEWCGROUP), [] { return "make a cgroup namespace"; });
    }
}

void set_names(const LaunchPlan& plan) {
    if (plan.namespaces.uts != NamespaceMode::create) {
        return;
    }
    check(::sethostname(plan.hostname.data(), plan.hostname.size()), [] { return "set the host name"; });
    if (!plan.domainname.empty()) {
        check(::setdomainname(plan.domainname.data(), plan.domainname.size()), [] { return "set the domain name"; });
    }
}

void report_error(const LaunchReport& report, const Error& error, int err) {
    const std::string step = error.trail().empty() ? std::string{} : error.trail().front();
    std::string text = error.what();
    for (const std::string& outer : error.trail()) {
        text += fmt::format("; while trying to {}", outer);
    }
    report.fail({step.empty() ? "set up the container" : step, err, std::move(text), setup_failed});
}

/// Runs the steps; whatever comes out of them is told and ends the process.
template <class Steps>
[[noreturn]] void run_steps(const LaunchReport& report, Steps&& steps) noexcept {
    int exit_code = setup_failed;
    try {
        steps();
    } catch (const ExecFailed& failed) {
        exit_code = failed.failure.exit_code;
        report.fail(failed.failure);
    } catch (const SysError& error) {
        report_error(report, error, error.err());
    } catch (const Error& error) {
        report_error(report, error, 0);
    } catch (const std::exception& error) {
        report.fail({"set up the container", 0, error.what(), setup_failed});
    }
    ::_exit(exit_code);
}

}  // namespace

void run_launch_child(const LaunchPlan& plan, const LaunchFds& fds) noexcept {
    const LaunchReport report{fds.error_pipe};
    run_steps(report, [&] {
        reset_process();
        enter_v1_cgroups(plan.cgroup);
        const Confinement confinement = load_confinement(plan.process);
        enter_namespaces(plan, fds);
        set_names(plan);
        build_container_root(plan, fds);
        const StandardFds standard{fds.standard_input, fds.standard_output, fds.standard_error, fds.console_socket,
                                   true};
        become(plan.process, standard, confinement, plan.init, report);
    });
}

void run_exec_child(const ExecPlan& plan, const ExecFds& fds, int container_root) noexcept {
    const LaunchReport report{fds.error_pipe};
    run_steps(report, [&] {
        reset_process();
        enter_v1_cgroups(plan.cgroup);
        const Confinement confinement = load_confinement(plan.process);
        const int user = plan.own_user_namespace ? CLONE_NEWUSER : 0;
        kernel::enter_namespace(fds.container,
                                user | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP);
        // setns(2) sets the root to that of the mount namespace, which need not be the container's.
        check(::fchdir(container_root), [] { return "enter the container's root"; });
        check(::chroot("."), [] { return "enter the container's root"; });
        const StandardFds standard{fds.standard_input, fds.standard_output, fds.standard_error, fds.console_socket,
                                   false};
        become(plan.process, standard, confinement, false, report);
    });
}

}  // namespace stack::runtime
