#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace stack::net {

/// One client that came by TCP (RFC 1035 4.2.2, RFC 7766): questions with two bytes of length, answered one after the
/// other. Closed when it is idle for too long. Lives by its own callbacks.
class TcpSession : public std::enable_shared_from_this<TcpSession> {
public:
    using Reply = std::function<void(std::string_view)>;
    /// Calls the reply once, at once or later; with nothing to close the connection.
    using Answer = std::function<void(std::string_view query, Reply reply)>;

    TcpSession(boost::asio::ip::tcp::socket socket, Answer answer, std::function<void()> ended);
    TcpSession(const TcpSession&) = delete;
    TcpSession& operator=(const TcpSession&) = delete;
    ~TcpSession();
    void start() { read_size(); }
    void close();

private:
    void read_size();
    void read_query();
    void write(std::string_view reply);
    void arm();

    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer idle_;
    Answer answer_;
    std::function<void()> ended_;
    std::array<unsigned char, 2> size_{};
    std::string query_, reply_;
};

}  // namespace stack::net
