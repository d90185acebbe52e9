#include <array>
#include <map>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include "net/ports/relay.hpp"
#include "support/log.hpp"

namespace stack::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Both ways of one connection. Each way ends by itself, so that a client that has said all still hears the answer.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(tcp::socket client, asio::io_context& loop) : client_{std::move(client)}, container_{loop} {}

    void start(const tcp::endpoint& target) {
        container_.async_connect(target, [self = shared_from_this()](const error_code& failed) {
            if (failed) {
                self->stop();
                return;
            }
            self->carry(self->client_, self->container_, self->outward_);
            self->carry(self->container_, self->client_, self->inward_);
        });
    }

    void stop() {
        error_code ignored;
        client_.close(ignored);
        container_.close(ignored);
    }

private:
    using Buffer = std::array<char, 16384>;

    void carry(tcp::socket& from, tcp::socket& to, Buffer& buffer) {
        from.async_read_some(asio::buffer(buffer), [this, self = shared_from_this(), &from, &to, &buffer](
                                                       const error_code& failed, size_t size) {
            if (failed) {
                end(from, to, failed);
                return;
            }
            asio::async_write(to, asio::buffer(buffer, size),
                              [this, self, &from, &to, &buffer](const error_code& lost, size_t) {
                                  if (lost) {
                                      stop();
                                      return;
                                  }
                                  carry(from, to, buffer);
                              });
        });
    }

    void end(tcp::socket&, tcp::socket& to, const error_code& why) {
        if (why != asio::error::eof) {
            stop();
            return;
        }
        error_code ignored;
        to.shutdown(tcp::socket::shutdown_send, ignored);
    }

    tcp::socket client_, container_;
    Buffer outward_, inward_;
};

class TcpRelay : public SocketRelay, public std::enable_shared_from_this<TcpRelay> {
public:
    TcpRelay(asio::io_context& loop, UniqueFd socket, bool v6, const tcp::endpoint& target)
        : loop_{loop}, acceptor_{loop, v6 ? tcp::v6() : tcp::v4(), socket.release()}, pause_{loop}, target_{target} {}

    void start() override { accept(); }

    void stop() override {
        error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
        for (const auto& [number, connection] : std::exchange(connections_, {})) {
            if (const auto alive = connection.lock()) {
                alive->stop();
            }
        }
    }

private:
    void accept() {
        acceptor_.async_accept([weak = weak_from_this()](const error_code& failed, tcp::socket client) {
            const auto self = weak.lock();
            if (!self || !self->acceptor_.is_open()) {
                return;
            }
            if (failed) {
                self->accept_later(failed);
                return;
            }
            self->forget_ended();
            const auto connection = std::make_shared<Connection>(std::move(client), self->loop_);
            self->connections_.emplace(self->next_++, connection);
            connection->start(self->target_);
            self->accept();
        });
    }

    /// Out of descriptors, most likely: trying again at once would spin.
    void accept_later(const error_code& failed) {
        log_warning("accept a connection to a published port: {}", failed.message());
        pause_.expires_after(std::chrono::milliseconds{100});
        pause_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
            if (const auto self = weak.lock(); self && !cancelled) {
                self->accept();
            }
        });
    }

    void forget_ended() {
        std::erase_if(connections_, [](const auto& connection) { return connection.second.expired(); });
    }

    asio::io_context& loop_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    tcp::endpoint target_;
    std::uint64_t next_{0};
    std::map<std::uint64_t, std::weak_ptr<Connection>> connections_;
};

bool is_v6(const UniqueFd& socket) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    return ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) == 0 && name.ss_family == AF_INET6;
}

}  // namespace

std::shared_ptr<SocketRelay> make_tcp_relay(asio::io_context& loop, UniqueFd socket, const IpAddress& container_ip,
                                            std::uint16_t container_port) {
    const bool v6 = is_v6(socket);
    return std::make_shared<TcpRelay>(loop, std::move(socket), v6,
                                      tcp::endpoint{asio::ip::make_address(to_string(container_ip)), container_port});
}

}  // namespace stack::net
