#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <unistd.h>

#include "engine/runtime/seccomp_profile.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

/// Calls that libseccomp 2.5.4 has no names for. From 403 on a number means the same on every architecture.
struct YoungCall {
    std::string_view name;
    std::uint32_t number;
};
constexpr std::uint32_t first_young = 451;
constexpr std::uint32_t x32_bit = 0x40000000;
constexpr std::array<YoungCall, 18> young_calls = {{{"cachestat", 451},
                                                    {"fchmodat2", 452},
                                                    {"map_shadow_stack", 453},
                                                    {"futex_wake", 454},
                                                    {"futex_wait", 455},
                                                    {"futex_requeue", 456},
                                                    {"statmount", 457},
                                                    {"listmount", 458},
                                                    {"lsm_get_self_attr", 459},
                                                    {"lsm_set_self_attr", 460},
                                                    {"lsm_list_modules", 461},
                                                    {"mseal", 462},
                                                    {"setxattrat", 463},
                                                    {"getxattrat", 464},
                                                    {"listxattrat", 465},
                                                    {"removexattrat", 466},
                                                    {"open_tree_attr", 467},
                                                    {"file_getattr", 468}}};

constexpr std::uint32_t architectures[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM};

struct FreeContext {
    void operator()(void* context) const noexcept { seccomp_release(context); }
};
using Context = std::unique_ptr<void, FreeContext>;

void verify(int result, const char* what) {
    if (result < 0) {
        throw SysError(-result, fmt::format("compile the seccomp filter: {}", what));
    }
}

std::vector<scmp_arg_cmp> comparisons(const SyscallRule& rule) {
    std::vector<scmp_arg_cmp> list;
    for (const SyscallArgument& argument : rule.arguments) {
        scmp_arg_cmp comparison{};
        comparison.arg = argument.index;
        comparison.op = static_cast<scmp_compare>(argument.op);
        comparison.datum_a = argument.value;
        comparison.datum_b = argument.second;
        list.push_back(comparison);
    }
    return list;
}

void add_rule(scmp_filter_ctx context, const SeccompProfile& profile, const SyscallRule& rule) {
    if (rule.action == profile.default_action) {
        return;  // libseccomp refuses rules that say what happens anyway
    }
    const std::vector<scmp_arg_cmp> compared = comparisons(rule);
    for (const std::string& name : rule.names) {
        const int number = seccomp_syscall_resolve_name(name.c_str());
        if (number == __NR_SCMP_ERROR) {
            continue;  // young, or of another architecture
        }
        const int result = seccomp_rule_add_array(context, rule.action, number, static_cast<unsigned>(compared.size()),
                                                  compared.empty() ? nullptr : compared.data());
        if (result != -EEXIST) {
            verify(result, name.c_str());
        }
    }
}

std::string exported(scmp_filter_ctx context) {
    const UniqueFd file = kernel::memfd_with("seccomp", "");
    verify(seccomp_export_bpf(context, file.get()), "write it");
    check(::lseek(file.get(), 0, SEEK_SET), [] { return "lseek"; });
    return read_all(file.get(), "seccomp filter");
}

std::uint32_t kernel_action(std::uint32_t action) {
    return action;  // SCMP_ACT_* and SECCOMP_RET_* are the same numbers, seccomp.h
}

/// Instructions before libseccomp's: young calls are decided here, everything else falls through.
std::string prologue(const SeccompProfile& profile) {
    std::vector<sock_filter> program;
    const auto add = [&](std::uint16_t code, std::uint8_t yes, std::uint8_t no, std::uint32_t value) {
        program.push_back({code, yes, no, value});
    };
    constexpr std::uint16_t load = BPF_LD | BPF_W | BPF_ABS, if_equal = BPF_JMP | BPF_JEQ | BPF_K,
                            if_not_below = BPF_JMP | BPF_JGE | BPF_K, answer = BPF_RET | BPF_K;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> decided;
    for (const YoungCall& call : young_calls) {
        for (const SyscallRule& rule : profile.rules) {
            if (rule.arguments.empty() &&
                std::find(rule.names.begin(), rule.names.end(), call.name) != rule.names.end()) {
                decided.emplace_back(call.number, kernel_action(rule.action));
            }
        }
    }
    // Jump distances are counted from the next instruction; the block after the two range tests is skipped as a whole.
    const auto block = static_cast<std::uint8_t>(2 * decided.size() + 1);
    add(load, 0, 0, offsetof(seccomp_data, arch));
    constexpr auto known = static_cast<std::uint8_t>(std::size(architectures));
    for (std::uint8_t i = 0; i < known; ++i) {
        const bool last = i + 1 == known;
        add(if_equal, static_cast<std::uint8_t>(known - 1 - i),
            last ? static_cast<std::uint8_t>(block + 3) : std::uint8_t{0}, architectures[i]);
    }
    add(load, 0, 0, offsetof(seccomp_data, nr));
    add(if_not_below, static_cast<std::uint8_t>(block + 1), 0, x32_bit);
    add(if_not_below, 0, block, first_young);
    for (const auto& [number, action] : decided) {
        add(if_equal, 0, 1, number);
        add(answer, 0, 0, action);
    }
    add(answer, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
    return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

}  // namespace

std::string compile_seccomp_profile(const SeccompProfile& profile) {
    const Context context{seccomp_init(profile.default_action)};
    if (!context) {
        throw Error(Errc::invalid_input, "the seccomp profile's default action is unknown to this system");
    }
    for (const std::uint32_t architecture : profile.extra_architectures) {
        if (const int result = seccomp_arch_add(context.get(), architecture); result != -EEXIST) {
            verify(result, "add an architecture");
        }
    }
    // A binary tree instead of a list: a few comparisons per system call instead of hundreds (libseccomp 2.5).
    verify(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "choose the form of the filter");
    for (const SyscallRule& rule : profile.rules) {
        add_rule(context.get(), profile, rule);
    }
    const bool allows_all = profile.default_action == SCMP_ACT_ALLOW || profile.default_action == SCMP_ACT_LOG;
    return (allows_all ? std::string{} : prologue(profile)) + exported(context.get());
}

}  // namespace stack::runtime
