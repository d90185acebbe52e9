#pragma once

#include <utility>

namespace stack {

/// Sole owner of one file descriptor; closed on destruction. Move-only. Not thread-safe.
class [[nodiscard]] UniqueFd {
public:
    UniqueFd() noexcept = default;
    explicit UniqueFd(int fd) noexcept : fd_{fd} {}
    UniqueFd(UniqueFd&& other) noexcept : fd_{other.release()} {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    /// close(2) is not retried on EINTR: Linux has freed the number already.
    void reset(int fd = -1) noexcept;

private:
    int fd_{-1};
};

/// Both ends of a pipe2(2), close-on-exec.
struct Pipe {
    UniqueFd read;
    UniqueFd write;
};
Pipe make_pipe(int extra_flags = 0);

}  // namespace stack
