#include "net/ports.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/firewall.hpp"
#include "net/ports/socket_address.hpp"
#include "support/error.hpp"

namespace stack::net {
namespace {

constexpr std::uint16_t first_random_port = 32768;
constexpr int backlog = 512;

struct Kind {
    int type, protocol;
};

Kind kind_of(const std::string& protocol) {
    if (protocol == "tcp") {
        return {SOCK_STREAM, IPPROTO_TCP};
    }
    if (protocol == "udp") {
        return {SOCK_DGRAM, IPPROTO_UDP};
    }
    if (protocol == "sctp") {
        return {SOCK_STREAM, IPPROTO_SCTP};
    }
    throw Error(Errc::invalid_input, fmt::format("there is no protocol '{}' for ports", protocol))
        .hint("the protocols are tcp, udp and sctp");
}

std::string place_of(const std::optional<IpAddress>& host_ip, std::uint16_t port) {
    if (!host_ip) {
        return fmt::format("0.0.0.0:{}", port);
    }
    return host_ip->is_v6() ? fmt::format("[{}]:{}", to_string(*host_ip), port)
                            : fmt::format("{}:{}", to_string(*host_ip), port);
}

[[noreturn]] void fail(int err, const PortReservation& wanted) {
    const std::string text = fmt::format("cannot publish {}", place_of(wanted.host_ip, wanted.port));
    if (err == EADDRINUSE) {
        Error error{Errc::conflict, text + ": address already in use"};
        if (const auto holder = find_port_holder(wanted.host_ip, wanted.port, wanted.protocol)) {
            error.set_hint(fmt::format("'{}' (pid {}) listens on this port", holder->command, holder->pid));
        }
        throw error;
    }
    if (err == EADDRNOTAVAIL) {
        throw Error(Errc::invalid_input, text + ": this host has no such address");
    }
    throw SysError(err, text);
}

/// 0, or the errno why the socket could not be had. An address family or protocol that the kernel lacks is no failure:
/// then nobody else can take the port there either.
int add_socket(PortReservation& reservation, const IpAddress& address) {
    const Kind kind = kind_of(reservation.protocol);
    UniqueFd socket{
        ::socket(address.is_v6() ? AF_INET6 : AF_INET, kind.type | SOCK_CLOEXEC | SOCK_NONBLOCK, kind.protocol)};
    if (!socket) {
        return errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT ? 0 : errno;
    }
    const int on = 1;
    if (address.is_v6()) {
        (void)::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (kind.type == SOCK_STREAM) {
        // Connections of the relay that linger in TIME_WAIT must not keep the port; a listener of others still does.
        (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    const SocketAddress place{address, reservation.port};
    if (::bind(socket.get(), place.get(), place.size()) != 0) {
        const bool no_ipv6 = errno == EADDRNOTAVAIL && address.is_v6() && address.is_unspecified();
        return no_ipv6 ? 0 : errno;
    }
    if (kind.type == SOCK_STREAM && ::listen(socket.get(), backlog) != 0) {
        return errno;
    }
    reservation.sockets.push_back(std::move(socket));
    return 0;
}

int try_reserve(PortReservation& reservation) {
    reservation.sockets.clear();
    if (reservation.host_ip) {
        return add_socket(reservation, *reservation.host_ip);
    }
    if (const int err = add_socket(reservation, IpAddress{})) {
        return err;
    }
    return add_socket(reservation, IpAddress::v6({}));
}

}  // namespace

PortReservation reserve_port(const std::optional<IpAddress>& host_ip, std::uint16_t port, const std::string& protocol,
                             std::uint16_t last) {
    PortReservation out;
    const bool all = !host_ip || (host_ip->is_unspecified() && !host_ip->is_v6());
    out.host_ip = all ? std::nullopt : host_ip;
    out.protocol = protocol;
    out.port = port != 0 ? port : first_random_port;
    const std::uint16_t end = port == 0 ? std::uint16_t{UINT16_MAX} : std::max(port, last);
    int err = try_reserve(out);
    while (err == EADDRINUSE && out.port < end) {
        ++out.port;
        err = try_reserve(out);
    }
    if (err == EADDRINUSE && last > port) {
        throw Error(Errc::conflict, fmt::format("cannot publish any of {}-{}: every address is in use",
                                                place_of(out.host_ip, port), last));
    }
    if (err != 0) {
        fail(err, out);
    }
    return out;
}

std::optional<PortForward> find_publisher(const std::vector<PortForward>& ports,
                                          const std::optional<IpAddress>& host_ip, std::uint16_t port,
                                          const std::string& protocol) {
    for (const PortForward& used : ports) {
        const bool same_place = !used.host_ip || !host_ip || *used.host_ip == *host_ip;
        if (used.host_port == port && used.protocol == protocol && same_place) {
            return used;
        }
    }
    return std::nullopt;
}

}  // namespace stack::net
