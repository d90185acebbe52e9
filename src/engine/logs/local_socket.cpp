#include "engine/logs/local_socket.hpp"

#include <cstring>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "support/error.hpp"

namespace stack::engine::logs {

LocalSocket::LocalSocket(std::filesystem::path path) : path_{std::move(path)} {
    connect();
}

void LocalSocket::connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path_.string();
    if (name.size() >= sizeof address.sun_path) {
        throw Error(Errc::invalid_input, fmt::format("the path of the socket '{}' is too long", name));
    }
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    fd_ = UniqueFd{check(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), [] { return "socket"; })};
    check(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
          [&] { return fmt::format("connect to '{}'", name); });
}

bool LocalSocket::send(std::string_view datagram) {
    for (bool again = false;; again = true) {
        if (!fd_) {
            connect();
        }
        if (::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
            return true;
        }
        const int err = errno;
        if (err == EAGAIN || err == ENOBUFS || err == EINTR) {
            return false;
        }
        fd_.reset();
        if (again || (err != ECONNREFUSED && err != ENOTCONN && err != ECONNRESET)) {
            throw SysError(err, fmt::format("send to '{}'", path_.string()));
        }
    }
}

}  // namespace stack::engine::logs
