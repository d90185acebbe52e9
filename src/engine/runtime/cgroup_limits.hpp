#pragma once

#include <string>
#include <vector>

#include "desired/container_spec.hpp"

namespace stack::runtime {

/// One value for one file of a controller.
struct CgroupSetting {
    std::string controller;  ///< "memory", "cpu", "cpuset", "pids", "blkio" (v1) or "io" (v2)
    std::string file, value;
    bool optional{false};  ///< a kernel without this file gives a warning instead of an error

    friend bool operator==(const CgroupSetting&, const CgroupSetting&) = default;
};

/// Limits as files, in the order in which they must be written; empty for what is not set. Pure.
/// Conversions are runc's, so that the same numbers give the same share: cpu.weight = 1 + (shares - 2) * 9999 / 262142.
std::vector<CgroupSetting> v2_settings(const desired::Resources& resources, std::vector<std::string>& warnings);
std::vector<CgroupSetting> v1_settings(const desired::Resources& resources);

}  // namespace stack::runtime
