#include "net/dns/tcp_question.hpp"

#include <chrono>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "net/dns_message.hpp"

namespace stack::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
/// For connect, question and answer together.
constexpr std::chrono::seconds time_per_server{4};

}  // namespace

void TcpQuestion::start(asio::io_context& loop, std::string query, std::vector<DnsUpstream> servers,
                        std::function<void(std::string_view)> done) {
    const auto question = std::make_shared<TcpQuestion>(loop, std::move(query), std::move(servers), std::move(done));
    asio::post(loop, [question] { question->ask_next(); });
}

TcpQuestion::TcpQuestion(asio::io_context& loop, std::string query, std::vector<DnsUpstream> servers,
                         std::function<void(std::string_view)> done)
    : socket_{loop}, timer_{loop}, servers_{std::move(servers)}, done_{std::move(done)} {
    query_ = {static_cast<char>(query.size() >> 8U), static_cast<char>(query.size() & 0xFFU)};
    query_ += query;
}

void TcpQuestion::ask_next() {
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    if (next_ >= servers_.size()) {
        done_({});
        return;
    }
    const DnsUpstream& server = servers_[next_++];
    timer_.expires_after(time_per_server);
    timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
        if (!cancelled) {
            error_code nothing;
            self->socket_.close(nothing);  // the step that waits fails and goes on with the next server
        }
    });
    const asio::ip::tcp::endpoint remote{asio::ip::make_address(to_string(server.address)), server.port};
    socket_.async_connect(
        remote, [self = shared_from_this()](const error_code& failed) { failed ? self->ask_next() : self->send(); });
}

void TcpQuestion::send() {
    asio::async_write(socket_, asio::buffer(query_), [self = shared_from_this()](const error_code& failed, size_t) {
        failed ? self->ask_next() : self->read_size();
    });
}

void TcpQuestion::read_size() {
    asio::async_read(socket_, asio::buffer(size_), [self = shared_from_this()](const error_code& failed, size_t) {
        failed ? self->ask_next() : self->read_reply();
    });
}

void TcpQuestion::read_reply() {
    reply_.resize(size_t{size_[0]} << 8U | size_[1]);
    asio::async_read(socket_, asio::buffer(reply_), [self = shared_from_this()](const error_code& failed, size_t) {
        const std::string_view asked = std::string_view{self->query_}.substr(2);
        if (failed || self->reply_.size() < dns::header_size || dns::id_of(self->reply_) != dns::id_of(asked) ||
            !dns::answers(asked, self->reply_)) {
            self->ask_next();
            return;
        }
        self->timer_.cancel();
        self->done_(self->reply_);
    });
}

}  // namespace stack::net
