#include "support/kernel/file_copy.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/random.hpp"

namespace stack::kernel {
namespace {

bool copying_in_kernel_refused(int err) {
    return err == EXDEV || err == EINVAL || err == ENOSYS || err == EOPNOTSUPP || err == EPERM;
}

/// One stretch of data, both positions at `offset`.
void copy_stretch(int from, int to, off_t offset, off_t length) {
    bool by_range = true;
    while (length > 0) {
        ssize_t copied = 0;
        if (by_range) {
            off_t in = offset;
            off_t out = offset;
            copied = ::copy_file_range(from, &in, to, &out, static_cast<size_t>(length), 0);
            if (copied < 0 && copying_in_kernel_refused(errno)) {
                by_range = false;
                continue;
            }
        } else {
            off_t in = offset;
            check(::lseek(to, offset, SEEK_SET), [] { return "seek in a file being copied"; });
            copied = ::sendfile(to, from, &in, static_cast<size_t>(length));
        }
        if (copied < 0 && errno == EINTR) {
            continue;
        }
        check(copied, [] { return "copy a file's content"; });
        if (copied == 0) {
            return;  // it was cut meanwhile
        }
        offset += copied;
        length -= copied;
    }
}

bool is_overlay_xattr(std::string_view name) {
    return name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.");
}

std::string xattr_value(int fd, const char* name) {
    const ssize_t size = ::fgetxattr(fd, name, nullptr, 0);
    if (size <= 0) {
        return {};
    }
    std::string value(static_cast<size_t>(size), '\0');
    const ssize_t got = ::fgetxattr(fd, name, value.data(), value.size());
    value.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return value;
}

}  // namespace

std::uint64_t copy_content(int from, int to, std::int64_t size) {
    if (size == 0) {
        return 0;
    }
    if (::ioctl(to, FICLONE, from) == 0) {
        return static_cast<std::uint64_t>(size);
    }
    off_t offset = 0;
    while (offset < size) {
        const off_t data = ::lseek(from, offset, SEEK_DATA);
        if (data < 0) {
            if (errno == ENXIO) {
                break;  // only a hole is left
            }
            copy_stretch(from, to, offset, size - offset);
            return static_cast<std::uint64_t>(size);
        }
        const off_t hole = check(::lseek(from, data, SEEK_HOLE), [] { return "look for holes in a file"; });
        copy_stretch(from, to, data, hole - data);
        offset = hole;
    }
    check(::ftruncate(to, size), [] { return "set the size of a copied file"; });
    return static_cast<std::uint64_t>(size);
}

void copy_xattrs(int from, int to) {
    const ssize_t size = ::flistxattr(from, nullptr, 0);
    if (size <= 0) {
        return;
    }
    std::string names(static_cast<size_t>(size), '\0');
    const ssize_t got = ::flistxattr(from, names.data(), names.size());
    names.resize(got < 0 ? 0 : static_cast<size_t>(got));
    for (size_t start = 0; start < names.size();) {
        const char* name = names.data() + start;
        const std::string_view shown{name};
        start += shown.size() + 1;
        if (is_overlay_xattr(shown)) {
            continue;
        }
        const std::string value = xattr_value(from, name);
        if (::fsetxattr(to, name, value.data(), value.size(), 0) != 0 && errno != EOPNOTSUPP && errno != EPERM) {
            throw SysError(errno, fmt::format("set the extended attribute '{}'", shown));
        }
    }
}

std::pair<uid_t, gid_t> TreeCopier::owner_of(const struct stat& status) const {
    return options_.owner.value_or(std::pair{status.st_uid, status.st_gid});
}

mode_t TreeCopier::mode_of(const struct stat& status) const {
    return (options_.mode ? options_.mode(status) : status.st_mode) & 07777;
}

std::array<timespec, 2> TreeCopier::times_of(const struct stat& status) const {
    return options_.time ? std::array{*options_.time, *options_.time} : std::array{status.st_atim, status.st_mtim};
}

void TreeCopier::copy_attributes(int from, int to, const struct stat& status) const {
    const auto [uid, gid] = owner_of(status);
    // In this order: a chown clears set-user-ID and security.capability (chown(2), capabilities(7)).
    check(::fchown(to, uid, gid), [] { return "change the owner of a copied file"; });
    if (options_.keep_xattrs) {
        copy_xattrs(from, to);
    }
    check(::fchmod(to, mode_of(status)), [] { return "change the mode of a copied file"; });
    if (options_.keep_times) {
        check(::futimens(to, times_of(status).data()), [] { return "set the times of a copied file"; });
    }
}

void TreeCopier::set_link_attributes(const std::string& temporary, const struct stat& status) const {
    const auto [uid, gid] = owner_of(status);
    check(::fchownat(staging_, temporary.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW),
          [] { return "change the owner of a copied file"; });
    if (!S_ISLNK(status.st_mode)) {
        check(::fchmodat(staging_, temporary.c_str(), mode_of(status), 0),
              [] { return "change the mode of a copied file"; });
    }
    if (options_.keep_times) {
        check(::utimensat(staging_, temporary.c_str(), times_of(status).data(), AT_SYMLINK_NOFOLLOW),
              [] { return "set the times of a copied file"; });
    }
}

void TreeCopier::copy_folder(const LayeredDir& source, int target) {
    copy_content_of(source, target);
    struct stat status {};
    check(::fstat(source.fd(), &status), [] { return "stat a folder being copied"; });
    copy_attributes(source.fd(), target, status);
}

void TreeCopier::copy_content_of(const LayeredDir& source, int target) {
    for (const auto& entry : source.list()) {
        copy_entry(source, entry, target, entry.name);
    }
}

void TreeCopier::copy_entry(const LayeredDir& source, const LayeredEntry& entry, int target, const std::string& as) {
    const bool is_folder = S_ISDIR(entry.status.st_mode);
    if (options_.skip && options_.skip(path_ + entry.name, is_folder)) {
        return;
    }
    if (is_folder) {
        const size_t before = path_.size();
        path_ += entry.name + "/";
        copy_subfolder(source, entry, target, as);
        path_.resize(before);
    } else {
        copy_leaf(entry, target, as);
    }
}

void TreeCopier::copy_subfolder(const LayeredDir& source, const LayeredEntry& entry, int target,
                                const std::string& as) {
    if (::mkdirat(target, as.c_str(), 0700) != 0) {
        if (errno != EEXIST) {
            throw SysError(errno, fmt::format("make the folder '{}'", as));
        }
        struct stat there {};
        check(::fstatat(target, as.c_str(), &there, AT_SYMLINK_NOFOLLOW), [&] { return fmt::format("stat '{}'", as); });
        if (!S_ISDIR(there.st_mode)) {
            if (options_.keep_existing) {
                return;
            }
            throw Error(Errc::conflict, fmt::format("cannot copy the folder '{}' over a file", as));
        }
    }
    const UniqueFd made = open_at(target, as, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    copy_folder(source.enter(entry.name).value(), made.get());
}

bool TreeCopier::link_to_earlier(const LayeredEntry& entry, int target, const std::string& as) {
    if (entry.status.st_nlink < 2 || !S_ISREG(entry.status.st_mode)) {
        return false;
    }
    const auto earlier = hard_links_.find({entry.status.st_dev, entry.status.st_ino});
    if (earlier == hard_links_.end()) {
        hard_links_.emplace(std::pair{entry.status.st_dev, entry.status.st_ino},
                            Earlier{open_at(target, ".", O_PATH | O_DIRECTORY), as});
        return false;
    }
    const auto& [folder, name] = earlier->second;
    if (!options_.keep_existing) {
        (void)::unlinkat(target, as.c_str(), 0);
    }
    if (::linkat(folder.get(), name.c_str(), target, as.c_str(), 0) != 0 && errno != EEXIST) {
        throw SysError(errno, fmt::format("make the hard link '{}'", as));
    }
    return true;
}

void TreeCopier::write_regular(const LayeredEntry& entry, const std::string& temporary) {
    const UniqueFd from = open_at(entry.parent, entry.name, O_RDONLY | O_NOFOLLOW);
    const UniqueFd to = open_at(staging_, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    bytes_ += copy_content(from.get(), to.get(), entry.status.st_size);
    copy_attributes(from.get(), to.get(), entry.status);
}

void TreeCopier::copy_leaf(const LayeredEntry& entry, int target, const std::string& as) {
    struct stat there {};
    if (options_.keep_existing && ::fstatat(target, as.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) {
        link_to_earlier(entry, target, as);  // remembers it for the links to come
        return;
    }
    if (link_to_earlier(entry, target, as)) {
        ++files_;
        return;
    }
    const std::string temporary = "copy-" + random_hex(8);
    if (S_ISREG(entry.status.st_mode)) {
        write_regular(entry, temporary);
    } else if (S_ISLNK(entry.status.st_mode)) {
        std::string link(static_cast<size_t>(entry.status.st_size) + 1, '\0');
        const ssize_t length = check(::readlinkat(entry.parent, entry.name.c_str(), link.data(), link.size()),
                                     [&] { return fmt::format("read the link '{}'", entry.name); });
        link.resize(static_cast<size_t>(length));
        check(::symlinkat(link.c_str(), staging_, temporary.c_str()),
              [&] { return fmt::format("make the link '{}'", as); });
        set_link_attributes(temporary, entry.status);
    } else {
        check(::mknodat(staging_, temporary.c_str(), entry.status.st_mode, entry.status.st_rdev),
              [&] { return fmt::format("make the special file '{}'", as); });
        set_link_attributes(temporary, entry.status);
    }
    check(::renameat(staging_, temporary.c_str(), target, as.c_str()),
          [&] { return fmt::format("put '{}' in its place", as); });
    ++files_;
}

}  // namespace stack::kernel
