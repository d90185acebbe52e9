#include "support/whole_file.hpp"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/random.hpp"

namespace stack {
namespace {

std::string name_beside(const std::filesystem::path& file) {
    return fmt::format("{}.{}.part", file.string(), random_hex(4));
}

}  // namespace

WholeFile::WholeFile(std::filesystem::path file, mode_t mode) : file_{std::move(file)} {
    struct stat there {};
    is_special_ = ::stat(file_.c_str(), &there) == 0 && !S_ISREG(there.st_mode);
    if (is_special_) {
        fd_ = kernel::open_at(AT_FDCWD, file_, O_WRONLY);
        return;
    }
    const std::filesystem::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
    fd_ = UniqueFd{::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode)};
    if (fd_) {
        return;
    }
    if (errno != EOPNOTSUPP && errno != EISDIR) {
        throw SysError(errno, fmt::format("make the file '{}'", file_.string()));
    }
    const std::string name = name_beside(file_);
    fd_ = UniqueFd{check(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode),
                         [&] { return fmt::format("make the file '{}'", name); })};
    temporary_ = name;
}

WholeFile::~WholeFile() {
    if (!temporary_.empty()) {
        ::unlink(temporary_.c_str());
    }
}

void WholeFile::publish() {
    if (is_special_) {
        return;
    }
    check(::fsync(fd_.get()), [&] { return fmt::format("write '{}' to disk", file_.string()); });
    if (temporary_.empty()) {
        // linkat(2) replaces nothing, so the name goes by way of another one.
        const std::string name = name_beside(file_);
        check(::linkat(AT_FDCWD, kernel::fd_path(fd_.get()).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW),
              [&] { return fmt::format("name the file '{}'", name); });
        temporary_ = name;
    }
    check(::rename(temporary_.c_str(), file_.c_str()),
          [&] { return fmt::format("rename '{}' to '{}'", temporary_, file_.string()); });
    temporary_.clear();
}

}  // namespace stack
