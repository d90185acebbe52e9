#include <cstring>

#include <asm/unistd.h>
#include <catch2/catch.hpp>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#include "engine/runtime/capabilities.hpp"
#include "engine/runtime/seccomp_profile.hpp"
#include "support/error.hpp"

using namespace stack;
using namespace stack::runtime;

namespace {

/// Runs a filter as the kernel does (networking/filter.rst), for the instructions that filters of ours use.
std::uint32_t run(const std::string& bytes, const seccomp_data& data) {
    std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
    std::memcpy(program.data(), bytes.data(), bytes.size());
    std::uint32_t a = 0;
    for (size_t at = 0;; ++at) {
        const sock_filter& i = program.at(at);
        const auto branch = [&](bool taken) { at += taken ? i.jt : i.jf; };
        switch (i.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                std::memcpy(&a, reinterpret_cast<const char*>(&data) + i.k, 4);
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                a &= i.k;
                break;
            case BPF_JMP | BPF_JA:
                at += i.k;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                branch(a == i.k);
                break;
            case BPF_JMP | BPF_JGT | BPF_K:
                branch(a > i.k);
                break;
            case BPF_JMP | BPF_JGE | BPF_K:
                branch(a >= i.k);
                break;
            case BPF_RET | BPF_K:
                return i.k;
            default:
                FAIL("unknown instruction");
        }
    }
}

std::uint32_t ask(const std::string& filter, int number, std::uint64_t first = 0, std::uint64_t second = 0,
                  std::uint32_t architecture = AUDIT_ARCH_X86_64) {
    seccomp_data data{};
    data.nr = number;
    data.arch = architecture;
    data.args[0] = first;
    data.args[1] = second;
    return run(filter, data);
}

constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW, refused = SECCOMP_RET_ERRNO | EPERM,
                        unknown = SECCOMP_RET_ERRNO | ENOSYS;

}  // namespace

#if defined(__x86_64__)

TEST_CASE("the default filter lets programs run and keeps the kernel's doors shut", "[runtime][seccomp]") {
    const std::string filter = compile_seccomp_profile(default_seccomp_profile(default_capabilities()));
    for (const int number :
         {__NR_read, __NR_write, __NR_execve, __NR_exit_group, __NR_mmap, __NR_futex, __NR_rseq, __NR_chroot}) {
        CHECK(ask(filter, number) == allowed);
    }
    for (const int number :
         {__NR_mount, __NR_unshare, __NR_setns, __NR_bpf, __NR_kexec_load, __NR_init_module, __NR_keyctl, __NR_add_key,
          __NR_reboot, __NR_swapon, __NR_ptrace + 1000000, __NR_userfaultfd, __NR_io_uring_setup,
          __NR_open_by_handle_at, __NR_perf_event_open, __NR_pivot_root}) {
        CHECK(ask(filter, number) != allowed);
    }
    CHECK(ask(filter, __NR_mount) == refused);
    CHECK(ask(filter, __NR_clone3) == unknown);
}

TEST_CASE("clone may make processes and threads, but no namespaces", "[runtime][seccomp]") {
    const std::string filter = compile_seccomp_profile(default_seccomp_profile(default_capabilities()));
    CHECK(ask(filter, __NR_clone, CLONE_VM | CLONE_THREAD) == allowed);
    for (const std::uint64_t flag : {CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP}) {
        CHECK(ask(filter, __NR_clone, flag) == refused);
    }
    const std::string admin = compile_seccomp_profile(default_seccomp_profile(capability_bit("SYS_ADMIN")));
    CHECK(ask(admin, __NR_clone, CLONE_NEWNS) == allowed);
    CHECK(ask(admin, __NR_clone3) == allowed);
    CHECK(ask(admin, __NR_mount) == allowed);
}

TEST_CASE("sockets of virtual machines and odd personalities are refused", "[runtime][seccomp]") {
    const std::string filter = compile_seccomp_profile(default_seccomp_profile(default_capabilities()));
    CHECK(ask(filter, __NR_socket, 2) == allowed);
    CHECK(ask(filter, __NR_socket, 40) == refused);
    CHECK(ask(filter, __NR_personality, 0xffffffff) == allowed);
    CHECK(ask(filter, __NR_personality, 0x0400000) == refused);
    CHECK(ask(filter, __NR_personality, (std::uint64_t{1} << 32U) + 8) == refused);
}

TEST_CASE("calls younger than the lists answer that they do not exist", "[runtime][seccomp]") {
    const std::string filter = compile_seccomp_profile(default_seccomp_profile(default_capabilities()));
    CHECK(ask(filter, 452) == allowed);  // fchmodat2
    CHECK(ask(filter, 457) == unknown);  // statmount
    CHECK(ask(filter, 700) == unknown);
    CHECK(ask(filter, 0x40000000) == unknown);  // read, as x32 numbers it
}

TEST_CASE("32-bit programs have numbers of their own, other architectures none", "[runtime][seccomp]") {
    const std::string filter = compile_seccomp_profile(default_seccomp_profile(default_capabilities()));
    CHECK(ask(filter, 3, 0, 0, AUDIT_ARCH_I386) == allowed);   // read
    CHECK(ask(filter, 21, 0, 0, AUDIT_ARCH_I386) == refused);  // mount
    CHECK(ask(filter, 0, 0, 0, AUDIT_ARCH_S390X) == SECCOMP_RET_KILL_PROCESS);
}

TEST_CASE("a profile in JSON decides by action, argument and capability", "[runtime][seccomp]") {
    const char* text = R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"syscalls":[
        {"names":["read","write"],"action":"SCMP_ACT_ALLOW"},
        {"name":"kill","action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":9,"op":"SCMP_CMP_NE"}]},
        {"names":["lseek"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":4294967296,"op":"SCMP_CMP_LT"}]},
        {"names":["dup2"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":5,"op":"SCMP_CMP_GE"},{"index":1,"value":7,"op":"SCMP_CMP_EQ"}]},
        {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
        {"names":["chmod"],"action":"SCMP_ACT_ERRNO","errnoRet":28},
        {"names":["chown"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"99.0"}}]})";
    const std::string filter = compile_seccomp_profile(parse_seccomp_profile(text, 0));
    CHECK(ask(filter, __NR_read) == allowed);
    CHECK(ask(filter, __NR_open) == unknown);
    CHECK(ask(filter, __NR_kill, 1, 15) == allowed);
    CHECK(ask(filter, __NR_kill, 1, 9) == unknown);
    CHECK(ask(filter, __NR_lseek, 0, 4294967295) == allowed);
    CHECK(ask(filter, __NR_lseek, 0, 4294967296) == unknown);
    CHECK(ask(filter, __NR_dup2, 5, 7) == allowed);
    CHECK(ask(filter, __NR_dup2, 4, 7) == unknown);
    CHECK(ask(filter, __NR_dup2, 5, 8) == unknown);
    CHECK(ask(filter, __NR_mount) == unknown);
    CHECK(ask(filter, __NR_chmod) == (SECCOMP_RET_ERRNO | 28U));
    CHECK(ask(filter, __NR_chown) == unknown);
    const std::string admin = compile_seccomp_profile(parse_seccomp_profile(text, capability_bit("SYS_ADMIN")));
    CHECK(ask(admin, __NR_mount) == allowed);
}

#endif

TEST_CASE("a profile that is no profile is refused with the place", "[runtime][seccomp]") {
    for (const char* wrong : {"", "[]", "{}", R"({"defaultAction":"SCMP_ACT_SING"})",
                              R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"]}]})",
                              R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_ABACUS"]})"}) {
        CHECK_THROWS_AS(parse_seccomp_profile(wrong, 0), Error);
    }
}
