#include "net/ports/relay.hpp"

#include <vector>

#include <fcntl.h>

#include "net/ports.hpp"
#include "support/error.hpp"

namespace stack::net {

class PortRelay::Impl {
public:
    Impl(boost::asio::io_context& loop, const PortReservation& reservation, const IpAddress& container_ip,
         std::uint16_t container_port) {
        for (const UniqueFd& socket : reservation.sockets) {
            UniqueFd own{check(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0), [] { return "duplicate a socket"; })};
            if (reservation.protocol == "tcp") {
                relays_.push_back(make_tcp_relay(loop, std::move(own), container_ip, container_port));
            } else if (reservation.protocol == "udp") {
                relays_.push_back(make_udp_relay(loop, std::move(own), container_ip, container_port));
            }
        }
        for (const auto& relay : relays_) {
            relay->start();
        }
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        for (const auto& relay : relays_) {
            relay->stop();
        }
    }

private:
    std::vector<std::shared_ptr<SocketRelay>> relays_;
};

PortRelay::PortRelay(boost::asio::io_context& loop, const PortReservation& reservation, const IpAddress& container_ip,
                     std::uint16_t container_port)
    : impl_{std::make_shared<Impl>(loop, reservation, container_ip, container_port)} {}

PortRelay::PortRelay(PortRelay&&) noexcept = default;
PortRelay& PortRelay::operator=(PortRelay&&) noexcept = default;
PortRelay::~PortRelay() = default;

}  // namespace stack::net
