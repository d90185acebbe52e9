#include "engine/runtime/storage_limit.hpp"

#include <cerrno>
#include <functional>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "support/byte_size.hpp"
#include "support/error.hpp"
#include "support/kernel/project_quota.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"

namespace stack::runtime {
namespace {

namespace fs = std::filesystem;
using kernel::ProjectQuota;

constexpr long xfs_magic = 0x58465342;  // "XFSB"; not among linux/magic.h
constexpr long zfs_magic = 0x2fc12fc1;

/// Each root takes its numbers from a range of its own, far from the small ones that people and Docker use; so two
/// roots on one file system do not reach for the same number at the same moment.
constexpr std::uint32_t first_project = 0x40000000, projects_of_a_root = 0x10000, ranges = 0x4000;

std::optional<Bytes> wanted_size(const std::map<std::string, std::string>& options) {
    const auto size = options.find("size");
    return size == options.end() ? std::nullopt : parse_byte_size(size->second);
}

UniqueFd open_folder(const fs::path& folder) {
    return kernel::open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
}

std::string file_system_name(long magic) {
    switch (magic) {
        case xfs_magic:
            return "XFS";
        case EXT4_SUPER_MAGIC:
            return "ext4";
        case BTRFS_SUPER_MAGIC:
            return "btrfs";
        case TMPFS_MAGIC:
            return "tmpfs";
        case OVERLAYFS_SUPER_MAGIC:
            return "overlay";
        case NFS_SUPER_MAGIC:
            return "NFS";
        case zfs_magic:
            return "ZFS";
        default:
            return fmt::format("a file system of type {:#x}", static_cast<unsigned long>(magic));
    }
}

/// What is missing, as the end of a sentence that says where; and how to mend it.
std::pair<std::string, std::string> what_is_missing(long magic, ProjectQuota quota) {
    if (magic != xfs_magic && magic != EXT4_SUPER_MAGIC) {
        return {", which has no project quotas",
                "use XFS mounted with the option pquota, or ext4 with the features project and quota mounted with "
                "prjquota"};
    }
    if (quota == ProjectQuota::unknown_to_kernel) {
        return {", and this kernel has no quotas (CONFIG_QUOTACTL, since Linux 5.14)",
                "leave out 'storage_opt', or use a distribution's kernel"};
    }
    if (magic == xfs_magic) {
        return {" mounted without the option pquota",
                "unmount it and mount it with pquota, a remount is not enough; for the host's root: rootflags=pquota "
                "on the "
                "kernel's command line"};
    }
    if (quota == ProjectQuota::counted) {
        return {" mounted without the option prjquota", "mount it with prjquota"};
    }
    return {" without project quotas: the file system lacks the features project and quota, or the kernel quota_v2",
            "unmount it, run 'tune2fs -O project,quota -Q prjquota' on its device, and mount it with prjquota"};
}

void require_quotas(const UniqueFd& dir, const fs::path& folder) {
    struct statfs info {};
    check(::fstatfs(dir.get(), &info), [&] { return fmt::format("look at the file system of '{}'", folder.string()); });
    const long magic = info.f_type;
    const ProjectQuota quota = kernel::project_quota_of(dir.get());
    if ((magic == xfs_magic || magic == EXT4_SUPER_MAGIC) && quota == ProjectQuota::limited) {
        return;
    }
    const auto [missing, hint] = what_is_missing(magic, quota);
    throw Error(Errc::unsupported, fmt::format("storage_opt 'size' is not possible here: '{}' is on {}{}",
                                               folder.string(), file_system_name(magic), missing))
        .hint(hint);
}

/// The project that was made for a container: one that its `upper` did not just inherit from the folder around it.
std::uint32_t own_project(const UniqueFd& container, const UniqueFd& upper) {
    const std::uint32_t project = kernel::project_of(upper.get());
    return project == kernel::project_of(container.get()) ? 0 : project;
}

std::uint32_t free_project(const UniqueFd& dir, const fs::path& containers) {
    const auto range = static_cast<std::uint32_t>(std::hash<std::string>{}(containers.string()) % ranges);
    const std::uint32_t first = first_project + range * projects_of_a_root;
    for (std::uint32_t project = first; project < first + projects_of_a_root; ++project) {
        if (kernel::is_project_free(dir.get(), project)) {
            return project;
        }
    }
    throw Error(Errc::system, fmt::format("all {} project numbers for the containers in '{}' are taken",
                                          projects_of_a_root, containers.string()));
}

void limit(const fs::path& container, Bytes size) {
    const UniqueFd upper = open_folder(container / "upper"), work = open_folder(container / "work");
    require_quotas(upper, container);
    // One at a time looks for a number, until it shows on its folder. The lock is on a folder that is there anyway.
    const UniqueFd lock = open_folder(container.parent_path());
    check(TEMP_FAILURE_RETRY(::flock(lock.get(), LOCK_EX)),
          [&] { return fmt::format("lock '{}'", container.parent_path().string()); });
    std::uint32_t project = own_project(open_folder(container), upper);
    if (project == 0) {
        if (!fs::is_empty(container / "upper")) {
            throw Error(Errc::conflict,
                        fmt::format("the files that the container wrote into '{}' have lost their project, "
                                    "so that their size cannot be limited",
                                    (container / "upper").string()))
                .hint("recreate the container; copies of a file system do not keep its projects");
        }
        project = free_project(upper, container.parent_path());
        kernel::set_project(upper.get(), project);
    }
    if (kernel::project_of(work.get()) != project) {
        kernel::set_project(work.get(), project);
    }
    kernel::limit_project(upper.get(), project, size);
}

}  // namespace

void require_storage(const fs::path& containers, const std::map<std::string, std::string>& options) {
    if (wanted_size(options)) {
        fs::path there = containers;
        while (!fs::exists(there)) {
            there = there.parent_path();
        }
        require_quotas(open_folder(there), there);
    }
}

std::int64_t make_storage(const fs::path& container, const std::map<std::string, std::string>& options) {
    for (const char* part : {"upper", "work", "merged"}) {
        fs::create_directories(container / part);
    }
    const auto size = wanted_size(options);
    if (!size) {
        return 0;
    }
    while_doing("limit what the container writes", [&] { limit(container, *size); });
    return size->count;
}

void give_storage_back(const fs::path& container) {
    try {
        const UniqueFd upper = open_folder(container / "upper");
        if (const std::uint32_t project = own_project(open_folder(container), upper); project != 0) {
            kernel::limit_project(upper.get(), project, Bytes{0});
        }
    } catch (const SysError& error) {
        // Never started, or on a file system without projects. A number that stays taken is no reason to keep the rest.
        const bool never_limited = error.err() == ENOENT || error.err() == ENOTTY || error.err() == EOPNOTSUPP;
        if (!never_limited) {
            log_warning("give back the project of '{}': {}", container.string(), error.what());
        }
    }
}

}  // namespace stack::runtime
