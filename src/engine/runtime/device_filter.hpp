#pragma once

#include <vector>

#include <linux/bpf.h>

#include "engine/runtime/device_rules.hpp"

namespace stack::runtime {

/// The allow-list as a BPF_PROG_TYPE_CGROUP_DEVICE program (Linux 4.15): answers 1 for a permitted access, 0 for EPERM.
std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& rules);

/// Loads the program and attaches it to a v2 cgroup, in place of one that is there. BPF_F_ALLOW_OVERRIDE: a cgroup
/// below may have a list of its own instead. Throws SysError.
void attach_device_filter(int cgroup, const std::vector<DeviceRule>& rules);
/// Whether the cgroup itself has one.
bool has_device_filter(int cgroup);

}  // namespace stack::runtime
