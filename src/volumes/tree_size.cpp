#include "volumes/tree_size.hpp"

#include <memory>
#include <set>
#include <string>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::volumes {
namespace {

struct CloseDir {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};
using DirStream = std::unique_ptr<DIR, CloseDir>;

DirStream open_stream(UniqueFd fd, const std::string& name) {
    DirStream stream{::fdopendir(fd.get())};
    if (!stream) {
        throw SysError(errno, fmt::format("read the folder '{}'", name));
    }
    (void)fd.release();
    return stream;
}

/// Calls `visit(dirfd, name, status)` for every entry of a folder but "." and "..".
template <class Visit>
void for_each_entry(UniqueFd folder, const std::string& name, Visit&& visit) {
    const auto stream = open_stream(std::move(folder), name);
    const int dir = ::dirfd(stream.get());
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string child{entry->d_name};
        if (child == "." || child == "..") {
            continue;
        }
        struct stat status {};
        if (::fstatat(dir, child.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
            visit(dir, child, status);
        } else if (errno != ENOENT) {
            throw SysError(errno, fmt::format("stat '{}/{}'", name, child));
        }
    }
}

constexpr int open_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

std::int64_t add_up(UniqueFd folder, const std::string& name, dev_t device, std::set<ino_t>& linked) {
    std::int64_t sum = 0;
    for_each_entry(std::move(folder), name, [&](int dir, const std::string& child, const struct stat& status) {
        if (status.st_dev != device) {
            return;
        }
        constexpr std::int64_t block = 512;  // st_blocks counts these, stat(2)
        if (S_ISDIR(status.st_mode)) {
            sum += status.st_blocks * block +
                   add_up(kernel::open_at(dir, child, open_folder), name + "/" + child, device, linked);
        } else if (status.st_nlink < 2 || linked.insert(status.st_ino).second) {
            sum += status.st_blocks * block;
        }
    });
    return sum;
}

dev_t device_of(int fd) {
    struct stat status {};
    check(::fstat(fd, &status), [] { return "stat a folder"; });
    return status.st_dev;
}

}  // namespace

std::int64_t tree_size(const std::filesystem::path& folder) {
    UniqueFd fd = kernel::open_at(AT_FDCWD, folder, open_folder);
    const dev_t device = device_of(fd.get());
    std::set<ino_t> linked;
    return add_up(std::move(fd), folder.string(), device, linked);
}

}  // namespace stack::volumes
