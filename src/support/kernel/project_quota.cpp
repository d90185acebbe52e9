#include "support/kernel/project_quota.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/error.hpp"

namespace stack::kernel {
namespace {

constexpr std::uint64_t block = 512;  // XFS's "basic block", in which limits are told

int quota_call(int dir, unsigned command, std::uint32_t project, void* data) {
    return static_cast<int>(::syscall(SYS_quotactl_fd, dir, QCMD(command, PRJQUOTA), project, data));
}

fsxattr attributes_of(int dir) {
    fsxattr attributes{};
    check(::ioctl(dir, FS_IOC_FSGETXATTR, &attributes), [] { return "ask for the project of a folder"; });
    return attributes;
}

}  // namespace

ProjectQuota project_quota_of(int dir) {
    fs_quota_stat state{};
    state.qs_version = FS_QSTAT_VERSION;
    if (quota_call(dir, Q_XGETQSTAT, 0, &state) != 0) {
        // ENOSYS is also the answer of a file system without quotas; of a bad descriptor only the call itself says it.
        return quota_call(-1, Q_XGETQSTAT, 0, &state) != 0 && errno == ENOSYS ? ProjectQuota::unknown_to_kernel
                                                                              : ProjectQuota::off;
    }
    if ((state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0) {
        return ProjectQuota::limited;
    }
    return (state.qs_flags & FS_QUOTA_PDQ_ACCT) != 0 ? ProjectQuota::counted : ProjectQuota::off;
}

std::uint32_t project_of(int dir) {
    return attributes_of(dir).fsx_projid;
}

void set_project(int dir, std::uint32_t project) {
    fsxattr attributes = attributes_of(dir);
    attributes.fsx_projid = project;
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    check(::ioctl(dir, FS_IOC_FSSETXATTR, &attributes),
          [&] { return fmt::format("give a folder to project {}", project); });
}

bool is_project_free(int dir, std::uint32_t project) {
    fs_disk_quota quota{};
    if (quota_call(dir, Q_XGETQUOTA, project, &quota) != 0) {
        if (errno == ENOENT) {
            return true;
        }
        const int err = errno;
        throw SysError(err, fmt::format("ask for the quota of project {}", project));
    }
    return quota.d_bcount == 0 && quota.d_icount == 0 && quota.d_rtbcount == 0 && quota.d_blk_hardlimit == 0 &&
           quota.d_blk_softlimit == 0 && quota.d_ino_hardlimit == 0 && quota.d_ino_softlimit == 0;
}

void limit_project(int dir, std::uint32_t project, Bytes most) {
    fs_disk_quota quota{};
    quota.d_version = FS_DQUOT_VERSION;
    quota.d_flags = FS_PROJ_QUOTA;
    quota.d_fieldmask = FS_DQ_BHARD | FS_DQ_BSOFT;
    quota.d_id = project;
    quota.d_blk_hardlimit = (static_cast<std::uint64_t>(most.count) + block - 1) / block;
    quota.d_blk_softlimit = quota.d_blk_hardlimit;
    check(quota_call(dir, Q_XSETQLIM, project, &quota),
          [&] { return fmt::format("limit the space of project {}", project); });
}

}  // namespace stack::kernel
