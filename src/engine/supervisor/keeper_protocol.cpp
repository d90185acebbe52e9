#include "engine/supervisor/keeper_protocol.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace stack::engine::supervisor {
namespace {

template <size_t size>
void copy_text(std::array<char, size>& to, std::string_view from) noexcept {
    const size_t length = std::min(from.size(), size - 1);
    std::memcpy(to.data(), from.data(), length);
    to[length] = '\0';
}

}  // namespace

void Message::set_key(std::string_view value) noexcept {
    copy_text(key, value);
}

void Message::set_text(std::string_view value) noexcept {
    copy_text(text, value);
}

bool send_message(int socket, const Message& message, const int* fds, size_t fd_count) noexcept {
    iovec part{const_cast<Message*>(&message), sizeof message};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_fds * sizeof(int))> control{};
    if (fd_count > 0) {
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        std::memcpy(CMSG_DATA(rights), fds, fd_count * sizeof(int));
    }
    for (;;) {
        if (::sendmsg(socket, &header, MSG_NOSIGNAL) >= 0) {
            return true;
        }
        if (errno != EINTR) {
            return false;
        }
    }
}

Receive receive_message(int socket, Received& received) noexcept {
    iovec part{&received.message, sizeof received.message};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_fds * sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ssize_t got = 0;
    do {
        got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
        return Receive::nothing;
    }
    if (got != static_cast<ssize_t>(sizeof received.message)) {
        return Receive::closed;
    }
    for (UniqueFd& fd : received.fds) {
        fd.reset();
    }
    size_t slot = 0;
    for (cmsghdr* rights = CMSG_FIRSTHDR(&header); rights != nullptr; rights = CMSG_NXTHDR(&header, rights)) {
        if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count && slot < received.fds.size(); ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof(int), sizeof fd);
            received.fds[slot++].reset(fd);
        }
    }
    return Receive::message;
}

}  // namespace stack::engine::supervisor
