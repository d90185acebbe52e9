#pragma once

#include <filesystem>
#include <optional>

#include "support/kernel/unique_fd.hpp"

namespace stack::kernel {

/// An exclusive flock(2) on a file that is made if need be and stays. The kernel lets go when the process dies.
class [[nodiscard]] FileLock {
public:
    /// Waits until the lock is free.
    static FileLock acquire(const std::filesystem::path& file);
    /// nullopt if somebody else holds it.
    static std::optional<FileLock> try_acquire(const std::filesystem::path& file);

private:
    explicit FileLock(UniqueFd fd) noexcept : fd_{std::move(fd)} {}
    UniqueFd fd_;
};

}  // namespace stack::kernel
