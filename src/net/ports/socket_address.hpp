#pragma once

#include <cstdint>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/address.hpp"

namespace stack::net {

/// A sockaddr of either family.
class SocketAddress {
public:
    SocketAddress() noexcept = default;
    SocketAddress(const IpAddress& address, std::uint16_t port) noexcept {
        if (address.is_v6()) {
            auto& v6 = reinterpret_cast<sockaddr_in6&>(storage_);
            v6.sin6_family = AF_INET6;
            v6.sin6_port = htons(port);
            std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
            size_ = sizeof v6;
        } else {
            auto& v4 = reinterpret_cast<sockaddr_in&>(storage_);
            v4.sin_family = AF_INET;
            v4.sin_port = htons(port);
            std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
            size_ = sizeof v4;
        }
    }

    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t size() const noexcept { return size_; }

private:
    sockaddr_storage storage_{};
    socklen_t size_{sizeof(sockaddr_storage)};
};

}  // namespace stack::net
