#include "engine/runtime/clone.hpp"

#include <cerrno>
#include <csignal>

#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/error.hpp"

namespace stack::runtime {

namespace {

clone_args arguments_for(std::uint64_t flags, int cgroup, int* pidfd) {
    clone_args arguments{};
    arguments.flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
    arguments.exit_signal = SIGCHLD;
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup);
    }
    return arguments;
}

const char* what_failed() {
    return "clone the container's process (clone3)";
}

// The sanitizers know the stacks of threads only, and their tables are not for two processes.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/// Pages of the child's stack that are not used cost nothing; the lowest one is a guard.
class ChildStack {
public:
    ChildStack()
        : memory_{::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)} {
        if (memory_ == MAP_FAILED || ::mprotect(memory_, 4096, PROT_NONE) != 0) {
            throw SysError(errno, "make a stack for the container's process (mmap)");
        }
    }
    ChildStack(const ChildStack&) = delete;
    ChildStack& operator=(const ChildStack&) = delete;
    ~ChildStack() { ::munmap(memory_, size); }

    std::uint64_t address() const noexcept { return reinterpret_cast<std::uint64_t>(memory_); }
    static constexpr std::uint64_t size = std::uint64_t{1} << 20;

private:
    void* memory_;
};

/// clone3(2) returns twice, on two stacks: what the child needs stays in registers until it has called its function.
long clone_and_call(clone_args* arguments, WaitedChild child, void* about) {
    long result = SYS_clone3;
    asm volatile(
        "syscall\n\t"
        "testq %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "movq %[about], %%rdi\n\t"
        "callq *%[child]\n\t"
        "ud2\n"
        "1:"
        : "+a"(result)
        : "D"(arguments), "S"(sizeof *arguments), [child] "r"(child), [about] "r"(about)
        : "rcx", "r11", "memory");
    return result;
}

#endif

}  // namespace

pid_t clone_process(std::uint64_t flags, int cgroup, int* pidfd) {
    clone_args arguments = arguments_for(flags, cgroup, pidfd);
    return static_cast<pid_t>(check(::syscall(SYS_clone3, &arguments, sizeof arguments), what_failed));
}

pid_t clone_waiting(int cgroup, int* pidfd, WaitedChild child, void* about) {
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const ChildStack stack;
    clone_args arguments = arguments_for(CLONE_VM | CLONE_VFORK, cgroup, pidfd);
    arguments.stack = stack.address();
    arguments.stack_size = ChildStack::size;
    const long pid = clone_and_call(&arguments, child, about);
    if (pid < 0) {
        throw SysError(static_cast<int>(-pid), what_failed());
    }
    return static_cast<pid_t>(pid);
#else
    const pid_t pid = clone_process(0, cgroup, pidfd);
    if (pid == 0) {
        child(about);
    }
    return pid;
#endif
}

}  // namespace stack::runtime
