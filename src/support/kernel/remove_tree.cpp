#include "support/kernel/remove_tree.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/random.hpp"

namespace stack::kernel {
namespace {

constexpr int open_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr int deepest = 64;

struct CloseDir {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};
using DirStream = std::unique_ptr<DIR, CloseDir>;

class TreeRemover {
public:
    explicit TreeRemover(const std::filesystem::path& folder) : shown_{folder.string()} {
        const int opened = ::open(folder.c_str(), open_folder | O_CLOEXEC);
        if (opened >= 0 || errno != ENOENT) {
            top_ = UniqueFd{check(opened, [&] { return fmt::format("open '{}'", shown_); })};
        }
    }

    std::int64_t run() {
        if (!top_) {
            return 0;
        }
        struct stat status {};
        check(::fstat(top_.get(), &status), [&] { return fmt::format("stat '{}'", shown_); });
        device_ = status.st_dev;
        do {
            lifted_ = false;
            empty(open_at(top_.get(), ".", open_folder), 0);
        } while (lifted_);
        if (::rmdir(shown_.c_str()) != 0 && errno != ENOENT) {
            throw SysError(errno, fmt::format("remove '{}'", shown_));
        }
        return freed_;
    }

private:
    void empty(UniqueFd folder, int depth) {
        const DirStream stream{::fdopendir(folder.get())};
        if (!stream) {
            throw SysError(errno, fmt::format("read the folder '{}'", shown_));
        }
        (void)folder.release();
        const int dir = ::dirfd(stream.get());
        const size_t own_length = shown_.size();
        while (const dirent* entry = ::readdir(stream.get())) {
            const std::string name{entry->d_name};
            if (name != "." && name != "..") {
                shown_ += '/' + name;
                remove(dir, name, depth);
                shown_.resize(own_length);
            }
        }
    }

    void remove(int dir, const std::string& name, int depth) {
        struct stat status {};
        if (::fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT) {
                return;
            }
            throw SysError(errno, fmt::format("stat '{}'", shown_));
        }
        if (status.st_dev != device_) {
            throw Error(Errc::conflict, fmt::format("'{}' is a mount point; it is not removed", shown_))
                .hint("unmount it and try again");
        }
        if (!S_ISDIR(status.st_mode)) {
            freed_ += status.st_size / static_cast<std::int64_t>(std::max<nlink_t>(status.st_nlink, 1));
        } else if (depth >= deepest && lift(dir, name)) {
            return;
        } else {
            empty(open_at(dir, name, open_folder), depth + 1);
        }
        if (::unlinkat(dir, name.c_str(), S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT) {
            throw SysError(errno, fmt::format("remove '{}'", shown_));
        }
    }

    /// Moves it up below the top, where the next round removes it. False where overlayfs would have to copy it.
    bool lift(int dir, const std::string& name) {
        if (::renameat(dir, name.c_str(), top_.get(), ("lifted-" + random_hex(8)).c_str()) != 0) {
            return false;
        }
        lifted_ = true;
        return true;
    }

    std::string shown_;
    UniqueFd top_;
    dev_t device_{0};
    bool lifted_{false};
    std::int64_t freed_{0};
};

}  // namespace

std::int64_t remove_tree(const std::filesystem::path& folder) {
    return TreeRemover{folder}.run();
}

}  // namespace stack::kernel
