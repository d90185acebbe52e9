#include "net/dns/tcp_session.hpp"

#include <chrono>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace stack::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
constexpr std::chrono::seconds idle_time{10};

}  // namespace

TcpSession::TcpSession(asio::ip::tcp::socket socket, Answer answer, std::function<void()> ended)
    : socket_{std::move(socket)}, idle_{socket_.get_executor()}, answer_{std::move(answer)}, ended_{std::move(ended)} {}

TcpSession::~TcpSession() {
    ended_();
}

void TcpSession::close() {
    error_code ignored;
    socket_.close(ignored);
    idle_.cancel();
}

void TcpSession::arm() {
    idle_.expires_after(idle_time);
    idle_.async_wait([weak = weak_from_this()](const error_code& cancelled) {
        if (const auto self = weak.lock(); self && !cancelled) {
            self->close();
        }
    });
}

void TcpSession::read_size() {
    arm();
    asio::async_read(socket_, asio::buffer(size_), [self = shared_from_this()](const error_code& failed, size_t) {
        failed ? self->close() : self->read_query();
    });
}

void TcpSession::read_query() {
    query_.resize(size_t{size_[0]} << 8U | size_[1]);
    asio::async_read(socket_, asio::buffer(query_), [self = shared_from_this()](const error_code& failed, size_t) {
        if (failed) {
            self->close();
            return;
        }
        self->answer_(self->query_, [self](std::string_view reply) { self->write(reply); });
    });
}

void TcpSession::write(std::string_view reply) {
    if (reply.empty()) {
        close();
        return;
    }
    reply_ = {static_cast<char>(reply.size() >> 8U), static_cast<char>(reply.size() & 0xFFU)};
    reply_ += reply;
    asio::async_write(socket_, asio::buffer(reply_), [self = shared_from_this()](const error_code& failed, size_t) {
        failed ? self->close() : self->read_size();
    });
}

}  // namespace stack::net
