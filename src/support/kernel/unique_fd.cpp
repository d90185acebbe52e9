#include "support/kernel/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "support/error.hpp"

namespace stack {

void UniqueFd::reset(int fd) noexcept {
    if (const int old = std::exchange(fd_, fd); old >= 0) {
        ::close(old);
    }
}

Pipe make_pipe(int extra_flags) {
    int ends[2];
    check(::pipe2(ends, O_CLOEXEC | extra_flags), [] { return "pipe2"; });
    return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

}  // namespace stack
