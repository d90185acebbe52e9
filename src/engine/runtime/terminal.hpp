#pragma once

#include <cstdint>

#include "support/kernel/unique_fd.hpp"

namespace stack::runtime {

/// Both ends of a pseudo-terminal, close-on-exec, neither being anybody's controlling terminal yet.
struct Terminal {
    UniqueFd master, slave;
};

/// In the child, inside the container's root: a terminal of the container's own devpts (pts(4)).
Terminal open_terminal(std::uint16_t rows, std::uint16_t columns);
/// In the child: the terminal becomes /dev/console, as containers expect.
void bind_console(int slave);
/// In the child, session leader: it becomes the controlling terminal.
void control_terminal(int slave);

/// Sends the master end over an AF_UNIX socket: one byte with SCM_RIGHTS.
void send_console(int socket, int master);

/// TIOCSWINSZ; for attach and `docker resize`. The foreground processes get SIGWINCH from the kernel.
void resize_terminal(int master, std::uint16_t rows, std::uint16_t columns);

}  // namespace stack::runtime
