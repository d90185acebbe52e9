#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/dns_server.hpp"

namespace stack::net {

/// One question by TCP: to one resolver after the other until one answers. Lives by its own callbacks.
class TcpQuestion : public std::enable_shared_from_this<TcpQuestion> {
public:
    /// `done` gets the reply, or nothing if nobody answered; always from the loop.
    static void start(boost::asio::io_context& loop, std::string query, std::vector<DnsUpstream> servers,
                      std::function<void(std::string_view)> done);

    TcpQuestion(boost::asio::io_context& loop, std::string query, std::vector<DnsUpstream> servers,
                std::function<void(std::string_view)> done);

private:
    void ask_next();
    void send();
    void read_size();
    void read_reply();

    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer timer_;
    std::string query_;  ///< with its two bytes of length in front
    std::string reply_;
    std::array<unsigned char, 2> size_{};
    std::vector<DnsUpstream> servers_;
    size_t next_{0};
    std::function<void(std::string_view)> done_;
};

}  // namespace stack::net
