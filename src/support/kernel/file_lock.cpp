#include "support/kernel/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::kernel {
namespace {

UniqueFd open_lock_file(const std::filesystem::path& file) {
    std::filesystem::create_directories(file.parent_path());
    return open_at(AT_FDCWD, file, O_RDWR | O_CREAT, 0600);
}

}  // namespace

FileLock FileLock::acquire(const std::filesystem::path& file) {
    UniqueFd fd = open_lock_file(file);
    int result;
    do {
        result = ::flock(fd.get(), LOCK_EX);
    } while (result != 0 && errno == EINTR);
    check(result, [&] { return fmt::format("lock '{}'", file.string()); });
    return FileLock{std::move(fd)};
}

std::optional<FileLock> FileLock::try_acquire(const std::filesystem::path& file) {
    UniqueFd fd = open_lock_file(file);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
        return FileLock{std::move(fd)};
    }
    if (errno == EWOULDBLOCK) {
        return std::nullopt;
    }
    throw SysError(errno, fmt::format("lock '{}'", file.string()));
}

}  // namespace stack::kernel
