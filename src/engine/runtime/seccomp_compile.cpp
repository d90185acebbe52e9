#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <map>

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "engine/runtime/seccomp_profile.hpp"
#include "support/error.hpp"

namespace stack::runtime {
namespace {

// libseccomp knows the names and numbers; the filter is laid out here. System calls that are answered alike lie mostly
// side by side, so a search among ranges takes a third of the instructions that libseccomp's own generator writes: each
// container pays for loading them (check, conversion, JIT), and each system call for walking them.

using Program = std::vector<sock_filter>;
using Number = std::uint32_t;

/// Calls that libseccomp 2.5.4 has no names for. From 403 on a number means the same on every architecture.
struct YoungCall {
    std::string_view name;
    Number number;
};
constexpr Number first_young = 451;
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

sock_filter instruction(int code, std::uint32_t value, size_t if_true = 0, size_t if_false = 0) {
    return {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false),
            value};
}

sock_filter load(size_t offset) {
    return instruction(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

sock_filter answer(std::uint32_t action) {
    return instruction(BPF_RET | BPF_K, action);  // SCMP_ACT_* are the kernel's SECCOMP_RET_*
}

void append(Program& program, const Program& more) {
    program.insert(program.end(), more.begin(), more.end());
}

constexpr int if_equal = BPF_JMP | BPF_JEQ | BPF_K, if_above = BPF_JMP | BPF_JGT | BPF_K,
              if_not_below = BPF_JMP | BPF_JGE | BPF_K, mask = BPF_ALU | BPF_AND | BPF_K;

/// Tests of one 64-bit argument in two halves. Where it holds, control goes on behind the test; else `skip`
/// instructions further. The filter's little-endian layout is that of all architectures we run on.
Program test_argument(const SyscallArgument& argument, size_t skip) {
    const size_t low_at = offsetof(seccomp_data, args) + 8 * argument.index;
    const bool masked = argument.op == SCMP_CMP_MASKED_EQ;
    const std::uint64_t wanted = masked ? argument.second & argument.value : argument.value;
    const auto high = static_cast<std::uint32_t>(wanted >> 32U), low = static_cast<std::uint32_t>(wanted);
    switch (argument.op) {
        case SCMP_CMP_MASKED_EQ:
            return {load(low_at + 4),
                    instruction(mask, static_cast<std::uint32_t>(argument.value >> 32U)),
                    instruction(if_equal, high, 0, skip + 3),
                    load(low_at),
                    instruction(mask, static_cast<std::uint32_t>(argument.value)),
                    instruction(if_equal, low, 0, skip)};
        case SCMP_CMP_EQ:
            return {load(low_at + 4), instruction(if_equal, high, 0, skip + 2), load(low_at),
                    instruction(if_equal, low, 0, skip)};
        case SCMP_CMP_NE:
            return {load(low_at + 4), instruction(if_equal, high, 0, 2), load(low_at),
                    instruction(if_equal, low, skip, 0)};
        case SCMP_CMP_GT:
        case SCMP_CMP_GE:
            return {load(low_at + 4), instruction(if_above, high, 3, 0), instruction(if_equal, high, 0, skip + 2),
                    load(low_at), instruction(argument.op == SCMP_CMP_GT ? if_above : if_not_below, low, 0, skip)};
        case SCMP_CMP_LT:
        case SCMP_CMP_LE:
            return {load(low_at + 4), instruction(if_above, high, skip + 3, 0), instruction(if_equal, high, 0, 2),
                    load(low_at), instruction(argument.op == SCMP_CMP_LT ? if_not_below : if_above, low, skip, 0)};
        default:
            throw Error(Errc::invalid_input, "the seccomp profile compares in an unknown way");
    }
}

/// What happens to one system call: rules with conditions in order, then the answer where none of them holds.
struct Decision {
    std::vector<const SyscallRule*> conditional;
    std::uint32_t otherwise{0};

    friend bool operator==(const Decision&, const Decision&) = default;
};

/// All conditions of a rule, then its answer. Built from the end, because distances are counted forwards.
Program test_rule(const SyscallRule& rule) {
    Program program{answer(rule.action)};
    for (auto argument = rule.arguments.rbegin(); argument != rule.arguments.rend(); ++argument) {
        Program test = test_argument(*argument, program.size());
        append(test, program);
        program = std::move(test);
    }
    return program;
}

Program decide(const Decision& decision) {
    Program program;
    for (const SyscallRule* rule : decision.conditional) {
        append(program, test_rule(*rule));
    }
    program.push_back(answer(decision.otherwise));
    return program;
}

/// Decisions for the numbers from `first` up to the next range's.
struct Range {
    Number first;
    Decision decision;
};

Program search(const Range* begin, const Range* end) {
    if (end - begin == 1) {
        return decide(begin->decision);
    }
    const Range* middle = begin + (end - begin) / 2;
    const Program below = search(begin, middle);
    Program program;
    constexpr size_t farthest = 255;
    if (below.size() <= farthest) {
        program.push_back(instruction(if_not_below, middle->first, below.size(), 0));
    } else {
        program.push_back(instruction(if_not_below, middle->first, 0, 1));
        program.push_back(instruction(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(below.size())));
    }
    append(program, below);
    append(program, search(middle, end));
    return program;
}

class Architecture {
public:
    Architecture(const SeccompProfile& profile, std::uint32_t token) : profile_{profile} { add_names(token); }

    void add_names(std::uint32_t token) {
        for (const SyscallRule& rule : profile_.rules) {
            for (const std::string& name : rule.names) {
                const int number = seccomp_syscall_resolve_name_arch(token, name.c_str());
                if (number >= 0) {
                    add(static_cast<Number>(number), rule);
                }
            }
        }
    }

    Program compile() {
        add_young();
        const std::vector<Range> ranges = to_ranges();
        return search(ranges.data(), ranges.data() + ranges.size());
    }

private:
    void add(Number number, const SyscallRule& rule) {
        auto [entry, fresh] = calls_.try_emplace(number, Decision{{}, profile_.default_action});
        if (!rule.arguments.empty()) {
            entry->second.conditional.push_back(&rule);
        } else if (fresh || entry->second.otherwise == profile_.default_action) {
            entry->second.otherwise = rule.action;
        }
        if (entry->second.otherwise != profile_.default_action) {
            entry->second.conditional.clear();  // as libseccomp: a rule without conditions takes in those with
        }
    }

    void add_young() {
        for (const YoungCall& call : young_calls) {
            for (const SyscallRule& rule : profile_.rules) {
                if (std::find(rule.names.begin(), rule.names.end(), call.name) != rule.names.end()) {
                    add(call.number, rule);
                }
            }
        }
    }

    /// A profile that refuses what it does not name cannot have meant calls that are younger than itself: they answer
    /// ENOSYS, as an old kernel would, so that libraries fall back (runc does the same).
    std::uint32_t default_for(Number number) const {
        const bool refuses = (profile_.default_action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
        return number >= first_young && refuses ? SECCOMP_RET_ERRNO | std::uint32_t{ENOSYS} : profile_.default_action;
    }

    std::vector<Range> to_ranges() const {
        std::vector<Range> ranges;
        const auto put = [&](Number first, Decision decision) {
            if (ranges.empty() || !(ranges.back().decision == decision)) {
                ranges.push_back({first, std::move(decision)});
            }
        };
        const auto put_default = [&](Number first) { put(first, Decision{{}, default_for(first)}); };
        put_default(0);
        Number next = 0;
        bool young = false;
        for (const auto& [number, decision] : calls_) {
            if (number > next) {
                put_default(next);
            }
            if (!young && number > first_young) {
                put_default(std::max(next, first_young));
            }
            young = number >= first_young;
            put(number, decision);
            next = number + 1;
        }
        put_default(next);
        if (next < first_young) {
            put_default(first_young);
        }
        return ranges;
    }

    const SeccompProfile& profile_;
    std::map<Number, Decision> calls_;
};

Program for_architecture(const SeccompProfile& profile, std::uint32_t token, bool with_x32) {
    Architecture architecture{profile, token};
    if (with_x32) {
        architecture.add_names(SCMP_ARCH_X32);
    }
    Program program{load(offsetof(seccomp_data, nr))};
    append(program, architecture.compile());
    return program;
}

}  // namespace

std::string compile_seccomp_profile(const SeccompProfile& profile) {
    const auto& extra = profile.extra_architectures;
    // x32 calls come under the name of x86_64 with a bit in their number.
    const bool with_x32 = std::find(extra.begin(), extra.end(), std::uint32_t{SCMP_ARCH_X32}) != extra.end();
    std::vector<std::uint32_t> tokens{seccomp_arch_native()};
    for (const std::uint32_t token : extra) {
        if (token != SCMP_ARCH_X32 && std::find(tokens.begin(), tokens.end(), token) == tokens.end()) {
            tokens.push_back(token);
        }
    }
    Program program{load(offsetof(seccomp_data, arch))};
    for (const std::uint32_t token : tokens) {
        const Program block = for_architecture(profile, token, with_x32 && token == SCMP_ARCH_X86_64);
        program.push_back(instruction(if_equal, token, 1, 0));  // SCMP_ARCH_* are the kernel's AUDIT_ARCH_*
        program.push_back(instruction(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(block.size())));
        append(program, block);
    }
    program.push_back(answer(SECCOMP_RET_KILL_PROCESS));
    if (program.size() > BPF_MAXINSNS) {
        throw Error(Errc::invalid_input,
                    fmt::format("the seccomp profile makes {} instructions, more than the kernel takes ({})",
                                program.size(), BPF_MAXINSNS));
    }
    return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

}  // namespace stack::runtime
