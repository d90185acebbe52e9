#include "engine/runtime/device_filter.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {
namespace {

// struct bpf_cgroup_dev_ctx: access_type is (wanted accesses << 16) | device type.
constexpr std::uint8_t context = BPF_REG_1, type = BPF_REG_2, access = BPF_REG_3, major = BPF_REG_4, minor = BPF_REG_5,
                       answer = BPF_REG_0, scratch = BPF_REG_6;

bpf_insn instruction(int code, std::uint8_t destination, std::uint8_t source, std::int16_t offset, std::int32_t value) {
    bpf_insn made{};
    made.code = static_cast<__u8>(code);
    made.dst_reg = destination & 0xfU;
    made.src_reg = source & 0xfU;
    made.off = offset;
    made.imm = value;
    return made;
}

bpf_insn load_word(std::uint8_t destination, std::int16_t offset) {
    return instruction(BPF_LDX | BPF_MEM | BPF_W, destination, context, offset, 0);
}

bpf_insn copy(std::uint8_t destination, std::uint8_t source) {
    return instruction(BPF_ALU | BPF_MOV | BPF_X, destination, source, 0, 0);
}

bpf_insn set(std::uint8_t destination, std::int32_t value) {
    return instruction(BPF_ALU64 | BPF_MOV | BPF_K, destination, 0, 0, value);
}

bpf_insn leave() {
    return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

std::int32_t access_bits(const std::string& letters) {
    std::int32_t bits = 0;
    for (const char letter : letters) {
        bits |= letter == 'm' ? BPF_DEVCG_ACC_MKNOD : letter == 'r' ? BPF_DEVCG_ACC_READ : BPF_DEVCG_ACC_WRITE;
    }
    return bits;
}

/// Tests of one rule; each jumps over the rest of the rule where it does not hold. Distances are filled in at the end.
void add_rule(std::vector<bpf_insn>& program, const DeviceRule& rule) {
    std::vector<size_t> jumps;
    const auto unless_equal = [&](std::uint8_t reg, std::int64_t value) {
        jumps.push_back(program.size());
        program.push_back(instruction(BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, 0, static_cast<std::int32_t>(value)));
    };
    if (rule.type != 'a') {
        unless_equal(type, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    }
    if (const std::int32_t granted = access_bits(rule.access); granted != access_bits("rwm")) {
        program.push_back(copy(scratch, access));
        program.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, scratch, 0, 0, ~granted));
        unless_equal(scratch, 0);
    }
    if (rule.major >= 0) {
        unless_equal(major, rule.major);
    }
    if (rule.minor >= 0) {
        unless_equal(minor, rule.minor);
    }
    program.push_back(set(answer, 1));
    program.push_back(leave());
    for (const size_t jump : jumps) {
        program[jump].off = static_cast<std::int16_t>(program.size() - jump - 1);
    }
}

long bpf(int command, bpf_attr& attributes) {
    return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

}  // namespace

std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& rules) {
    std::vector<bpf_insn> program{load_word(type, 0),
                                  copy(access, type),
                                  instruction(BPF_ALU | BPF_AND | BPF_K, type, 0, 0, 0xffff),
                                  instruction(BPF_ALU | BPF_RSH | BPF_K, access, 0, 0, 16),
                                  load_word(major, 4),
                                  load_word(minor, 8)};
    for (const DeviceRule& rule : rules) {
        add_rule(program, rule);
        if (rule == DeviceRule{}) {
            return program;  // everything is permitted: the verifier refuses instructions that cannot be reached
        }
    }
    program.push_back(set(answer, 0));
    program.push_back(leave());
    return program;
}

void attach_device_filter(int cgroup, const std::vector<DeviceRule>& rules) {
    const std::vector<bpf_insn> program = device_program(rules);
    static constexpr char license[] = "Apache-2.0";
    bpf_attr load{};
    load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    load.insns = reinterpret_cast<std::uint64_t>(program.data());
    load.insn_cnt = static_cast<std::uint32_t>(program.size());
    load.license = reinterpret_cast<std::uint64_t>(license);
    const UniqueFd loaded{
        static_cast<int>(check(bpf(BPF_PROG_LOAD, load), [] { return "load the device filter (bpf)"; }))};
    bpf_attr attach{};
    attach.target_fd = static_cast<std::uint32_t>(cgroup);
    attach.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
    attach.attach_type = BPF_CGROUP_DEVICE;
    attach.attach_flags = BPF_F_ALLOW_OVERRIDE;
    check(bpf(BPF_PROG_ATTACH, attach), [] { return "attach the device filter (bpf)"; });
}

bool has_device_filter(int cgroup) {
    bpf_attr query{};
    query.query.target_fd = static_cast<std::uint32_t>(cgroup);
    query.query.attach_type = BPF_CGROUP_DEVICE;
    // Without room for ids the kernel answers ENOSPC where there are programs, and tells their number.
    return (bpf(BPF_PROG_QUERY, query) == 0 || errno == ENOSPC) && query.query.prog_cnt > 0;
}

}  // namespace stack::runtime
