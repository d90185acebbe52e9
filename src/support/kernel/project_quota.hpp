#pragma once

#include <cstdint>

#include "support/byte_size.hpp"

namespace stack::kernel {

/// Project quotas of XFS and ext4: folders carry the number of a project, which all that is made below inherits, and
/// the file system counts and limits what a project uses. quotactl_fd(2), Linux 5.14, in the form of XFS, which the
/// kernel understands for ext4, too. `dir` is a descriptor that was opened for reading.

/// What the file system does with the space of projects.
enum class ProjectQuota {
    unknown_to_kernel,  ///< no CONFIG_QUOTACTL, or before Linux 5.14
    off,
    counted,  ///< but not limited
    limited,
};
ProjectQuota project_quota_of(int dir);

/// FS_IOC_FSGETXATTR; 0 stands for none. Throws SysError.
std::uint32_t project_of(int dir);
/// What is made in `dir` from now on belongs to `project`, as `dir` does.
void set_project(int dir, std::uint32_t project);

/// Whether neither a file nor a limit has that number.
bool is_project_free(int dir, std::uint32_t project);
/// 0 bytes: no limit.
void limit_project(int dir, std::uint32_t project, Bytes most);

}  // namespace stack::kernel
