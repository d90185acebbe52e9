#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "net/address.hpp"
#include "support/kernel/unique_fd.hpp"

/// Private to ports/.
namespace stack::net {

/// One socket of a reservation, served.
class SocketRelay {
public:
    virtual ~SocketRelay() = default;
    virtual void start() = 0;
    virtual void stop() = 0;
};

std::shared_ptr<SocketRelay> make_tcp_relay(boost::asio::io_context& loop, UniqueFd socket,
                                            const IpAddress& container_ip, std::uint16_t container_port);
std::shared_ptr<SocketRelay> make_udp_relay(boost::asio::io_context& loop, UniqueFd socket,
                                            const IpAddress& container_ip, std::uint16_t container_port);

}  // namespace stack::net
