#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/socket.h>

#include "net/ports/relay.hpp"
#include "net/ports/socket_address.hpp"
#include "support/error.hpp"

namespace stack::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

/// As long as the kernel remembers a UDP flow that went both ways (nf_conntrack_udp_timeout_stream is 120 s).
constexpr std::chrono::seconds idle_time{120};
constexpr size_t most_flows = 1024;
constexpr size_t largest_datagram = 65536;
constexpr int datagrams_in_a_row = 64;

/// Where a datagram came from and which of our addresses it was sent to: the answer must come from there.
struct Way {
    sockaddr_storage client{};
    socklen_t client_size{0};
    std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
    size_t control_size{0};

    std::string key() const {
        return std::string{reinterpret_cast<const char*>(&client), client_size} +
               std::string{control.data(), control_size};
    }
};

class UdpRelay : public SocketRelay, public std::enable_shared_from_this<UdpRelay> {
public:
    UdpRelay(asio::io_context& loop, UniqueFd socket, const SocketAddress& target)
        : loop_{loop}, target_{target}, timer_{loop}, socket_{loop, socket.release()} {
        const int on = 1;
        // One of the two fails: the socket has one family.
        (void)::setsockopt(socket_.native_handle(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
        (void)::setsockopt(socket_.native_handle(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    }

    void start() override {
        socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [weak = weak_from_this()](const error_code& failed) {
                               const auto self = weak.lock();
                               if (failed || !self) {
                                   return;
                               }
                               for (int i = 0; i < datagrams_in_a_row && self->take_from_client(); ++i) {
                               }
                               self->start();
                           });
    }

    void stop() override {
        error_code ignored;
        socket_.close(ignored);
        timer_.cancel();
        for (const auto& [key, flow] : std::exchange(flows_, {})) {
            flow->socket.close(ignored);
        }
    }

private:
    struct Flow {
        Flow(asio::io_context& loop, int fd, const Way& from) : socket{loop, fd}, way{from} {}
        asio::posix::stream_descriptor socket;
        Way way;
        steady_clock::time_point used{steady_clock::now()};
    };

    bool take_from_client() {
        Way way;
        iovec piece{buffer_.data(), buffer_.size()};
        msghdr in{};
        in.msg_name = &way.client;
        in.msg_namelen = sizeof way.client;
        in.msg_iov = &piece;
        in.msg_iovlen = 1;
        in.msg_control = way.control.data();
        in.msg_controllen = way.control.size();
        const ssize_t got = ::recvmsg(socket_.native_handle(), &in, MSG_DONTWAIT);
        if (got < 0) {
            return errno == EINTR;
        }
        way.client_size = in.msg_namelen;
        way.control_size = in.msg_controllen;
        if (const auto flow = flow_of(way)) {
            flow->used = steady_clock::now();
            // What the container does not take is lost, as datagrams are.
            (void)::send(flow->socket.native_handle(), buffer_.data(), static_cast<size_t>(got), MSG_DONTWAIT);
        }
        return true;
    }

    std::shared_ptr<Flow> flow_of(const Way& way) {
        const std::string key = way.key();
        if (const auto found = flows_.find(key); found != flows_.end()) {
            return found->second;
        }
        UniqueFd socket{::socket(target_.get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        if (flows_.size() >= most_flows || !socket || ::connect(socket.get(), target_.get(), target_.size()) != 0) {
            return nullptr;
        }
        const auto flow = std::make_shared<Flow>(loop_, socket.release(), way);
        flows_.emplace(key, flow);
        wait_for_container(flow);
        arm_timer();
        return flow;
    }

    void wait_for_container(const std::shared_ptr<Flow>& flow) {
        flow->socket.async_wait(asio::posix::stream_descriptor::wait_read,
                                [weak = weak_from_this(), flow](const error_code& failed) {
                                    const auto self = weak.lock();
                                    if (failed || !self || !flow->socket.is_open()) {
                                        return;
                                    }
                                    for (int i = 0; i < datagrams_in_a_row && self->take_from_container(*flow); ++i) {
                                    }
                                    self->wait_for_container(flow);
                                });
    }

    bool take_from_container(Flow& flow) {
        const ssize_t got = ::recv(flow.socket.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (got < 0) {
            return errno == EINTR || errno == ECONNREFUSED;
        }
        flow.used = steady_clock::now();
        iovec piece{buffer_.data(), static_cast<size_t>(got)};
        msghdr out{};
        out.msg_name = &flow.way.client;
        out.msg_namelen = flow.way.client_size;
        out.msg_iov = &piece;
        out.msg_iovlen = 1;
        out.msg_control = flow.way.control.data();
        out.msg_controllen = flow.way.control_size;
        (void)::sendmsg(socket_.native_handle(), &out, MSG_DONTWAIT);
        return true;
    }

    void arm_timer() {
        if (timer_armed_ || flows_.empty()) {
            return;
        }
        timer_armed_ = true;
        timer_.expires_after(idle_time);
        timer_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
            const auto self = weak.lock();
            if (cancelled || !self) {
                return;
            }
            self->timer_armed_ = false;
            std::erase_if(self->flows_, [](const auto& entry) {
                const bool idle = steady_clock::now() - entry.second->used >= idle_time;
                if (idle) {
                    error_code ignored;
                    entry.second->socket.close(ignored);
                }
                return idle;
            });
            self->arm_timer();
        });
    }

    asio::io_context& loop_;
    SocketAddress target_;
    asio::steady_timer timer_;
    bool timer_armed_{false};
    asio::posix::stream_descriptor socket_;
    std::map<std::string, std::shared_ptr<Flow>> flows_;
    std::array<char, largest_datagram> buffer_;
};

}  // namespace

std::shared_ptr<SocketRelay> make_udp_relay(asio::io_context& loop, UniqueFd socket, const IpAddress& container_ip,
                                            std::uint16_t container_port) {
    return std::make_shared<UdpRelay>(loop, std::move(socket), SocketAddress{container_ip, container_port});
}

}  // namespace stack::net
