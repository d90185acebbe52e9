#include "engine/runtime/terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "engine/runtime/launch.hpp"
#include "support/error.hpp"
#include "support/kernel/mounts.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::runtime {
namespace {

/// Room for one descriptor, aligned for cmsg(3).
union ControlMessage {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

}  // namespace

Terminal open_terminal(std::uint16_t rows, std::uint16_t columns) {
    Terminal terminal;
    terminal.master = kernel::open_at(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
    int unlock = 0;
    check(::ioctl(terminal.master.get(), TIOCSPTLCK, &unlock), [] { return "unlock the terminal"; });
    // TIOCGPTPEER (Linux 4.13) opens the other end without a name, which the container could have put something else
    // under.
    terminal.slave = UniqueFd{check(::ioctl(terminal.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC),
                                    [] { return "open the terminal's other end"; })};
    if (rows != 0 && columns != 0) {
        resize_terminal(terminal.master.get(), rows, columns);
    }
    return terminal;
}

void bind_console(int slave) {
    const UniqueFd file{::open("/dev/console", O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600)};
    kernel::mount_at(kernel::fd_path(slave), "/dev/console", "", MS_BIND);
}

void control_terminal(int slave) {
    check(::ioctl(slave, TIOCSCTTY, 0), [] { return "take the terminal as controlling terminal"; });
}

void send_console(int socket, int master) {
    char byte = 'c';
    iovec part{&byte, 1};
    ControlMessage control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    *reinterpret_cast<int*>(CMSG_DATA(&control.header)) = master;
    check(::sendmsg(socket, &message, MSG_NOSIGNAL), [] { return "send the terminal to the engine"; });
}

UniqueFd receive_console(int console_socket) {
    char byte = 0;
    iovec part{&byte, 1};
    ControlMessage control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    ssize_t got;
    do {
        got = ::recvmsg(console_socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    check(got, [] { return "receive the container's terminal"; });
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (got == 0 || header == nullptr || header->cmsg_type != SCM_RIGHTS) {
        throw Error(Errc::system, "the container ended before it had a terminal");
    }
    return UniqueFd{*reinterpret_cast<const int*>(CMSG_DATA(header))};
}

void resize_terminal(int master, std::uint16_t rows, std::uint16_t columns) {
    winsize size{};
    size.ws_row = rows;
    size.ws_col = columns;
    check(::ioctl(master, TIOCSWINSZ, &size), [] { return "set the terminal's size"; });
}

}  // namespace stack::runtime
