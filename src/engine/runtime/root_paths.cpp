#include "engine/runtime/root_paths.hpp"

#include <climits>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

std::string read_link(int dir, const std::string& name) {
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(dir, name.c_str(), target, sizeof target);
    return size < 0 ? std::string{} : std::string(target, static_cast<size_t>(size));
}

std::string parent_of(const std::string& path) {
    const auto slash = path.find_last_not_of('/') == std::string::npos ? std::string::npos : path.rfind('/');
    return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

/// Makes `path`'s last component, whose parent folder exists or is made first. `budget` bounds chains of links that
/// point to nothing.
void make_in_root(int root, const std::string& path, Missing kind, int budget) {
    if (budget == 0) {
        throw SysError(ELOOP, fmt::format("make '{}' inside the root", path));
    }
    const std::string parent = parent_of(path);
    const std::string name = path.substr(path.rfind('/') + 1);
    if (name.empty() || name == "." || name == "..") {
        throw Error(Errc::invalid_input, fmt::format("'{}' cannot be made inside the root", path));
    }
    const UniqueFd folder = ensure_in_root(root, parent, Missing::folder);
    if (const std::string target = read_link(folder.get(), name); !target.empty()) {
        // A link to nothing, such as /var/run -> /run in an image without /run: make what it points to.
        make_in_root(root, target.front() == '/' ? target : parent + "/" + target, kind, budget - 1);
        return;
    }
    const int result = kind == Missing::folder ? ::mkdirat(folder.get(), name.c_str(), 0755)
                                               : ::mknodat(folder.get(), name.c_str(), S_IFREG | 0644, 0);
    if (result != 0 && errno != EEXIST) {
        throw SysError(errno, fmt::format("make '{}' inside the root", path));
    }
}

std::string without_trailing_slashes(std::string path) {
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    return path;
}

}  // namespace

UniqueFd find_in_root(int root, const std::string& path, int flags) {
    try {
        return kernel::open_in_root(root, path, flags);
    } catch (const SysError& error) {
        if (error.err() == ENOENT || error.err() == ENOTDIR) {
            return UniqueFd{};
        }
        throw;
    }
}

UniqueFd ensure_in_root(int root, const std::string& path, Missing last) {
    constexpr int most_links = 40;  // as the kernel's own limit, path_resolution(7)
    if (UniqueFd found = find_in_root(root, path, O_PATH)) {
        return found;
    }
    const std::string wanted = without_trailing_slashes(path);
    make_in_root(root, wanted, last, most_links);
    return kernel::open_in_root(root, wanted, O_PATH);
}

std::string read_in_root(int root, const std::string& path) {
    constexpr off_t limit = off_t{16} << 20U;
    const UniqueFd file = find_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > limit) {
        return {};
    }
    return read_all(file.get(), path, static_cast<size_t>(limit));
}

}  // namespace stack::runtime
