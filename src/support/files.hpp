#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

#include "support/kernel/unique_fd.hpp"

namespace stack {

/// Whole content of a regular, /proc or /sys file. Throws SysError; `limit` bytes at most, more is Errc::invalid_input.
std::string read_file(const std::filesystem::path& file, size_t limit = size_t{1} << 30U);
/// nullopt if the file is not there (ENOENT, ENOTDIR, ESRCH).
std::optional<std::string> find_file(const std::filesystem::path& file, size_t limit = size_t{1} << 30U);
std::string read_all(int fd, const std::string& name, size_t limit = size_t{1} << 30U);

/// Writes all bytes, over short writes and EINTR. `name` is for the message.
void write_all(int fd, std::string_view content, const std::string& name);
/// Truncates and writes in place: for /proc, /sys and cgroup files, and for files nobody reads meanwhile.
void write_file(const std::filesystem::path& file, std::string_view content, mode_t mode = 0644);
/// Temporary file beside it, fsync, rename: readers see the old content or the new, also after a crash.
void replace_file(const std::filesystem::path& file, std::string_view content, mode_t mode = 0644);
/// The same for a file that need not outlive a reboot (below STACK_RUN): readers see the old or the new one, and nobody
/// waits for the disk.
void replace_volatile_file(const std::filesystem::path& file, std::string_view content, mode_t mode = 0644);

/// A fresh folder below `parent`, removed with its content on destruction. Locked as long as it lives (flock(2), which
/// the kernel undoes when the process dies): that is how remove_abandoned_folders() tells whose owner was killed.
class [[nodiscard]] TempDir {
public:
    TempDir(const std::filesystem::path& parent, std::string_view prefix);
    TempDir(TempDir&& other) noexcept : path_{std::exchange(other.path_, {})}, lock_{std::move(other.lock_)} {}
    TempDir& operator=(TempDir&&) = delete;
    ~TempDir();
    const std::filesystem::path& path() const noexcept { return path_; }
    /// The folder stays, and is nobody's.
    std::filesystem::path release() noexcept;

private:
    std::filesystem::path path_;
    UniqueFd lock_;
};

/// Removes a file or a folder with all that is in it, and returns the bytes of its files, hard links by share. What
/// cannot be removed is told in the log.
std::int64_t remove_counting(const std::filesystem::path& path);

/// Removes folders below `parent` whose names begin with `prefix` and whose TempDir died with its process. May run
/// beside processes that make, use and sweep such folders. Returns the bytes that became free.
std::int64_t remove_abandoned_folders(const std::filesystem::path& parent, std::string_view prefix);

}  // namespace stack
