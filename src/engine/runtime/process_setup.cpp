#include "engine/runtime/process_setup.hpp"

#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/runtime/apparmor.hpp"
#include "engine/runtime/capabilities.hpp"
#include "engine/runtime/init_process.hpp"
#include "engine/runtime/program.hpp"
#include "engine/runtime/root_paths.hpp"
#include "engine/runtime/terminal.hpp"
#include "engine/runtime/users.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

/// Three descriptors above 2, so that putting them on 0, 1 and 2 overwrites none that is still needed.
struct LiftedFds {
    UniqueFd input, output, error;
};

UniqueFd lift(int fd, int null_mode) {
    if (fd >= 0) {
        return UniqueFd{check(::fcntl(fd, F_DUPFD_CLOEXEC, 3), [] { return "duplicate a standard descriptor"; })};
    }
    const UniqueFd null = kernel::open_at(AT_FDCWD, "/dev/null", null_mode);
    return UniqueFd{check(::fcntl(null.get(), F_DUPFD_CLOEXEC, 3), [] { return "duplicate /dev/null"; })};
}

LiftedFds terminal_fds(const ProcessPlan& plan, const StandardFds& fds, uid_t owner) {
    const Terminal terminal = open_terminal(plan.rows, plan.columns);
    // grantpt(3): the tty group is 5 on every distribution, and devpts is mounted with gid=5.
    check(::fchown(terminal.slave.get(), owner, static_cast<gid_t>(-1)),
          [] { return "give the terminal to the user"; });
    if (fds.console_device) {
        bind_console(terminal.slave.get());
    }
    control_terminal(terminal.slave.get());
    if (fds.console_socket >= 0) {
        send_console(fds.console_socket, terminal.master.get());
    }
    const int slave = terminal.slave.get();
    return {lift(slave, O_RDWR), lift(slave, O_RDWR), lift(slave, O_RDWR)};
}

/// Pipes belong to the container's user, so that it can open /dev/stdout again (moby issue 31243).
void give_to_user(int fd, const ResolvedUser& user) {
    struct stat info {};
    if (::fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode) && info.st_uid != user.uid) {
        check(::fchown(fd, user.uid, info.st_gid), [] { return "give a pipe to the container's user"; });
    }
}

LiftedFds standard_fds(const ProcessPlan& plan, const StandardFds& fds, const ResolvedUser& user) {
    if (plan.tty) {
        return terminal_fds(plan, fds, user.uid);
    }
    // Without input it is /dev/null for both ways, as with Docker.
    LiftedFds lifted{lift(fds.input, O_RDWR), lift(fds.output, O_WRONLY), lift(fds.error, O_WRONLY)};
    give_to_user(lifted.input.get(), user);
    give_to_user(lifted.output.get(), user);
    give_to_user(lifted.error.get(), user);
    return lifted;
}

void install(const LiftedFds& fds) {
    const int sources[] = {fds.input.get(), fds.output.get(), fds.error.get()};
    for (int target = 0; target < 3; ++target) {
        check(::dup2(sources[target], target), [] { return "install a standard descriptor"; });
    }
}

void set_limits(const ProcessPlan& plan, const LaunchReport& report) {
    for (const Rlimit& limit : plan.rlimits) {
        rlimit wanted{limit.soft, limit.hard};
        const auto resource = static_cast<__rlimit_resource_t>(limit.resource);
        if (::setrlimit(resource, &wanted) == 0) {
            continue;
        }
        rlimit current{};
        if (errno != EPERM || ::getrlimit(resource, &current) != 0) {
            throw SysError(errno, fmt::format("set the limit '{}'", limit.name));
        }
        // Without CAP_SYS_RESOURCE a hard limit can only be lowered: as near as we may.
        wanted.rlim_cur = std::min(wanted.rlim_cur, current.rlim_max);
        wanted.rlim_max = std::min(wanted.rlim_max, current.rlim_max);
        check(::setrlimit(resource, &wanted), [&] { return fmt::format("set the limit '{}'", limit.name); });
        report.warn(
            fmt::format("ulimit '{}' stays at {}: raising it needs CAP_SYS_RESOURCE, which this host does not give",
                        limit.name, wanted.rlim_max));
    }
}

void set_oom_score(const ProcessPlan& plan, const LaunchReport& report) {
    if (!plan.oom_score_adj) {
        return;
    }
    try {
        write_file("/proc/self/oom_score_adj", std::to_string(*plan.oom_score_adj));
    } catch (const SysError& error) {
        if (error.err() != EACCES && error.err() != EPERM) {
            throw;
        }
        report.warn(
            fmt::format("oom_score_adj {} cannot be set: lowering it needs CAP_SYS_RESOURCE, which this host "
                        "does not give",
                        *plan.oom_score_adj));
    }
}

/// Resolved without magic links: a descriptor that leaked through /proc/self/fd is no way out (CVE-2024-21626).
bool enter_working_directory(const std::string& path) {
    const UniqueFd root = kernel::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
    const UniqueFd folder = find_in_root(root.get(), path, O_PATH | O_DIRECTORY);
    if (!folder) {
        return false;
    }
    check(::fchdir(folder.get()), [&] { return fmt::format("enter the working directory '{}'", path); });
    return true;
}

void change_directory(const ProcessPlan& plan) {
    const std::string path = plan.cwd.empty() ? "/" : plan.cwd;
    if (enter_working_directory(path)) {
        return;
    }
    if (plan.create_cwd) {
        const UniqueFd root = kernel::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
        const UniqueFd made = ensure_in_root(root.get(), path, Missing::folder);
        if (enter_working_directory(path)) {
            return;
        }
    }
    throw SysError(ENOENT, fmt::format("enter the working directory '{}'", path));
}

void change_user(const ResolvedUser& user) {
    check(::setgroups(user.groups.size(), user.groups.data()), [] { return "set the supplementary groups"; });
    check(::setresgid(user.gid, user.gid, user.gid), [&] { return fmt::format("become group {}", user.gid); });
    // Capabilities are kept over the change only to load the seccomp filter and to drop them in order.
    check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), [] { return "keep capabilities over the change of user"; });
    check(::setresuid(user.uid, user.uid, user.uid), [&] { return fmt::format("become user {}", user.uid); });
    check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), [] { return "forbid dumps"; });
}

void apply_seccomp(const std::string& filter) {
    if (filter.empty()) {
        return;
    }
    sock_fprog program{};
    program.len = static_cast<unsigned short>(filter.size() / sizeof(sock_filter));
    program.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(filter.data()));
    check(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), [] { return "load the seccomp filter"; });
}

/// From here on nothing of ours is left but the identity of the new process; seccomp is last but for capset and execve.
void drop_privileges(const ProcessPlan& plan, const ResolvedUser& user, const Confinement& confinement, bool init) {
    const CapabilityMask allowed = plan.capabilities & own_capabilities();
    if (!plan.apparmor_profile.empty()) {
        // An init executes nothing itself, and is signalled by those that it starts.
        confine_by_apparmor(confinement.own_process.get(), plan.apparmor_profile,
                            init ? Confined::now : Confined::at_execve);
    }
    if (plan.no_new_privileges) {
        check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), [] { return "set no_new_privs"; });
    }
    drop_bounding_set(allowed);
    change_user(user);
    set_capabilities(own_capabilities());  // effective again: setresuid cleared them for a user that is not root
    apply_seccomp(confinement.seccomp);
    set_capabilities(user.uid == 0 ? allowed : 0);
}

std::vector<std::string> environment_of(const ProcessPlan& plan, const ResolvedUser& user) {
    std::vector<std::string> environment = plan.env;
    for (const std::string& variable : environment) {
        if (variable.rfind("HOME=", 0) == 0) {
            return environment;
        }
    }
    environment.push_back("HOME=" + user.home);
    return environment;
}

}  // namespace

Confinement load_confinement(const ProcessPlan& plan) {
    Confinement confinement;
    if (!plan.seccomp_file.empty()) {
        confinement.seccomp = read_file(plan.seccomp_file);
    }
    if (!plan.apparmor_profile.empty()) {
        confinement.own_process = open_own_process();
    }
    return confinement;
}

void reset_process() {
    sigset_t none;
    ::sigemptyset(&none);
    // The clone has reset handlers; what the engine, or whoever started it (nohup), ignores would stay ignored.
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGTSTP,
                             SIGTTIN, SIGTTOU, SIGWINCH}) {
        ::signal(signal, SIG_DFL);
    }
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::umask(0022);
    ::setsid();
    check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), [] { return "forbid dumps"; });
}

void become(const ProcessPlan& plan, const StandardFds& fds, const Confinement& confinement, bool init,
            const LaunchReport& report) {
    const UniqueFd root = kernel::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
    const ResolvedUser user = resolve_user(read_user_files(root.get()), plan.user, plan.additional_groups);
    set_oom_score(plan, report);
    set_limits(plan, report);
    change_directory(plan);
    install(standard_fds(plan, fds, user));
    const Program program{plan.args, environment_of(plan, user)};
    check(::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), [] { return "close descriptors at execve"; });
    drop_privileges(plan, user, confinement, init);
    if (init) {
        stay_as_init(plan.tty);  // returns in the child that executes
    }
    throw ExecFailed{program.execute()};
}

}  // namespace stack::runtime
