#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/address.hpp"
#include "support/kernel/unique_fd.hpp"

namespace boost::asio {
class io_context;
}

namespace stack::net {

/// A host port that nobody else can take while this lives: bound sockets, for TCP listening ones (a connection that no
/// rule caught, [::1] above all, is accepted by the relay). The fds may be handed to another process and adopted again.
struct PortReservation {
    std::optional<IpAddress> host_ip;  ///< nullopt: 0.0.0.0 and [::]
    std::uint16_t port{0};
    std::string protocol{"tcp"};
    std::vector<UniqueFd> sockets;  ///< IPv4 first; [::] is missing where IPv6 is off
};

/// Takes the port, or the first free one from `port` to `last`, or, if `port` is 0, from 32768 up. Errc::conflict
/// "cannot publish 127.0.0.1:8080: address already in use" with hint "'nginx' (pid 4211) listens on this port";
/// Errc::invalid_input if the host has no such address. sctp is reserved only where the kernel has it.
PortReservation reserve_port(const std::optional<IpAddress>& host_ip, std::uint16_t port, const std::string& protocol,
                             std::uint16_t last = 0);

struct PortForward;
/// The container of ours that has the port already: its owner is the one to name, not our own process.
std::optional<PortForward> find_publisher(const std::vector<PortForward>& ports,
                                          const std::optional<IpAddress>& host_ip, std::uint16_t port,
                                          const std::string& protocol);

/// Who holds a port, found by sock_diag and /proc.
struct PortHolder {
    int pid{0};
    std::string command;
};
std::optional<PortHolder> find_port_holder(const std::optional<IpAddress>& host_ip, std::uint16_t port,
                                           const std::string& protocol);

/// Carries connections and datagrams that arrive at a reservation's sockets to the container: for [::1] and for IPv6
/// clients of a container without IPv6. Everything else goes by nft and never comes here. Duplicates the fds it is
/// given. Ends with the object; connections in flight are cut.
class PortRelay {
public:
    PortRelay(boost::asio::io_context& loop, const PortReservation& reservation, const IpAddress& container_ip,
              std::uint16_t container_port);
    PortRelay(PortRelay&&) noexcept;
    PortRelay& operator=(PortRelay&&) noexcept;
    ~PortRelay();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace stack::net
