#include <cerrno>

#include <linux/capability.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include "engine/runtime/seccomp_profile.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

// By subject. A name that this architecture does not have is passed over.

constexpr std::string_view files =
    "access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 "
    "fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl "
    "fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 "
    "fsync "
    "ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init "
    "inotify_init1 inotify_rm_watch ioctl lchown lchown32 lgetxattr link linkat listxattr listxattrat llistxattr "
    "_llseek "
    "lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat "
    "openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr "
    "removexattrat rename renameat renameat2 rmdir sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs "
    "statfs64 statx symlink symlinkat sync sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime "
    "utimensat utimensat_time64 utimes vmsplice write writev cachestat";

constexpr std::string_view waiting =
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd "
    "eventfd2 _newselect pause pipe pipe2 poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4 "
    "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 io_cancel io_destroy "
    "io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit";

constexpr std::string_view memory =
    "brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 "
    "mprotect "
    "mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages process_mrelease";

constexpr std::string_view processes =
    "capget capset execve execveat exit exit_group fork vfork getpgid getpgrp getpid getppid getpriority getrlimit "
    "getrusage getsid gettid get_robust_list set_robust_list get_thread_area set_thread_area set_tid_address "
    "ioprio_get "
    "ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self pidfd_open pidfd_send_signal "
    "prctl "
    "prlimit64 restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
    "rt_sigsuspend "
    "rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam "
    "sched_get_priority_max sched_get_priority_min sched_getscheduler sched_rr_get_interval "
    "sched_rr_get_interval_time64 "
    "sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp setpgid setpriority "
    "setrlimit "
    "setsid sigaltstack sigprocmask sigreturn tgkill tkill times ugetrlimit uname wait4 waitid waitpid getcpu sysinfo "
    "process_vm_readv process_vm_writev ptrace getrandom";

constexpr std::string_view users =
    "getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 getresuid "
    "getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 "
    "setregid "
    "setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32";

constexpr std::string_view sockets =
    "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 "
    "recvmsg "
    "send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair";

constexpr std::string_view ipc =
    "futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake ipc mq_getsetattr mq_notify mq_open "
    "mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd "
    "semctl "
    "semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget";

constexpr std::string_view clocks =
    "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
    "clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create timer_delete "
    "timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64";

#if defined(__x86_64__)
constexpr std::string_view architecture = "arch_prctl modify_ldt";
#elif defined(__aarch64__)
constexpr std::string_view architecture =
    "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls";
#else
constexpr std::string_view architecture = "";
#endif

/// What a capability opens besides.
struct OpenedBy {
    unsigned capability;
    std::string_view names;
};
constexpr OpenedBy opened[] = {
    {CAP_DAC_READ_SEARCH, "open_by_handle_at"},
    {CAP_SYS_ADMIN,
     "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount "
     "open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare "
     "listmount statmount"},
    {CAP_SYS_BOOT, "reboot"},
    {CAP_SYS_CHROOT, "chroot"},
    {CAP_SYS_MODULE, "delete_module finit_module init_module"},
    {CAP_SYS_PACCT, "acct"},
    {CAP_SYS_PTRACE, "kcmp pidfd_getfd process_madvise"},
    {CAP_SYS_RAWIO, "ioperm iopl"},
    {CAP_SYS_TIME, "clock_settime clock_settime64 settimeofday stime"},
    {CAP_SYS_TTY_CONFIG, "vhangup"},
    {CAP_SYS_NICE, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
    {CAP_SYSLOG, "syslog"},
    {CAP_BPF, "bpf"},
    {CAP_PERFMON, "perf_event_open"}};

// personality(2): the default, Linux 32 bit, and both without changes of the address layout; 0xffffffff asks.
constexpr std::uint64_t personalities[] = {0x0, 0x0008, 0x20000, 0x20008, 0xffffffff};

constexpr std::uint64_t new_namespaces =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

bool has(CapabilityMask capabilities, unsigned number) {
    return (capabilities >> number & 1U) != 0;
}

SyscallRule allow(std::string_view names) {
    SyscallRule rule;
    rule.action = SCMP_ACT_ALLOW;
    for (const auto name : split(names, ' ')) {
        if (!name.empty()) {
            rule.names.emplace_back(name);
        }
    }
    return rule;
}

SyscallRule allow_if(std::string_view name, SyscallArgument argument) {
    SyscallRule rule = allow(name);
    rule.arguments.push_back(argument);
    return rule;
}

void add_conditional(SeccompProfile& profile, CapabilityMask capabilities) {
    // Sockets of virtual machines (AF_VSOCK) know no namespaces: they would reach the host.
    profile.rules.push_back(allow_if("socket", {0, SCMP_CMP_NE, AF_VSOCK, 0}));
    for (const std::uint64_t personality : personalities) {
        profile.rules.push_back(allow_if("personality", {0, SCMP_CMP_EQ, personality, 0}));
    }
    if (!has(capabilities, CAP_SYS_ADMIN)) {
        profile.rules.push_back(allow_if("clone", {0, SCMP_CMP_MASKED_EQ, new_namespaces, 0}));
        SyscallRule clone3 = allow("clone3");
        clone3.action = SCMP_ACT_ERRNO(ENOSYS);
        profile.rules.push_back(std::move(clone3));
    }
}

}  // namespace

SeccompProfile default_seccomp_profile(CapabilityMask capabilities) {
    SeccompProfile profile;
    profile.default_action = SCMP_ACT_ERRNO(EPERM);
#if defined(__x86_64__)
    // Without x32, which distributions' kernels leave off: its calls answer ENOSYS.
    profile.extra_architectures = {SCMP_ARCH_X86};
#elif defined(__aarch64__)
    profile.extra_architectures = {SCMP_ARCH_ARM};
#endif
    for (const auto subject : {files, waiting, memory, processes, users, sockets, ipc, clocks, architecture}) {
        profile.rules.push_back(allow(subject));
    }
    for (const OpenedBy& group : opened) {
        if (has(capabilities, group.capability)) {
            profile.rules.push_back(allow(group.names));
        }
    }
    add_conditional(profile, capabilities);
    return profile;
}

}  // namespace stack::runtime
