#include "net/dns_server.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/dns/forwarder.hpp"
#include "net/dns/tcp_session.hpp"
#include "net/dns_message.hpp"
#include "net/netns.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace stack::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::uint32_t server_address = 127U << 24U | 11U;
constexpr std::uint16_t server_port = 53;
constexpr int backlog = 128;
constexpr size_t most_sessions = 128;
/// Batches taken in a row before other work of the loop gets its turn.
constexpr int batches_in_a_row = 8;

UniqueFd bound_socket(int type) {
    UniqueFd out{check(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), [] { return "make a DNS socket"; })};
    const int on = 1;
    if (type == SOCK_STREAM) {
        (void)::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_port);
    address.sin_addr.s_addr = htonl(server_address);
    check(::bind(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
          [] { return "bind the container's DNS server to 127.0.0.11:53"; });
    return out;
}

}  // namespace

DnsSockets open_dns_sockets(int netns) {
    return run_in_netns(netns, [] {
        DnsSockets out{bound_socket(SOCK_DGRAM), bound_socket(SOCK_STREAM)};
        check(::listen(out.tcp.get(), backlog), [] { return "listen on 127.0.0.11:53"; });
        return out;
    });
}

class DnsServer::Impl : public std::enable_shared_from_this<DnsServer::Impl> {
public:
    Impl(asio::io_context& loop, DnsForwarder::Impl& forwarder, DnsSockets sockets,
         std::shared_ptr<const NameView> view, DnsServerOptions options)
        : forwarder_{forwarder},
          udp_{loop, sockets.udp.release()},
          tcp_{loop, asio::ip::tcp::v4(), sockets.tcp.release()},
          view_{std::move(view)},
          options_{std::move(options)} {}

    void start() {
        wait_udp();
        accept();
    }

    void stop() {
        error_code ignored;
        udp_.close(ignored);
        tcp_.close(ignored);
        const auto sessions = std::exchange(sessions_, {});
        for (const auto& session : sessions) {
            if (const auto alive = session.second.lock()) {
                alive->close();
            }
        }
    }

private:
    /// The size of the reply in `out`; 0: no reply; nullopt: not ours, ask upstream.
    std::optional<size_t> answer_here(std::string_view packet, dns::Query& query, bool tcp, std::span<char> out) {
        switch (dns::parse_query(packet, query)) {
            case dns::ParseResult::ignore:
                return 0;
            case dns::ParseResult::format_error:
                return dns::write_empty(packet, query, dns::Rcode::format_error, out);
            case dns::ParseResult::good:
                break;
        }
        if (query.opcode != 0) {
            return dns::write_empty(packet, query, dns::Rcode::not_implemented, out);
        }
        if (query.edns_version != 0) {
            return dns::write_empty(packet, query, dns::Rcode::no_error, out);
        }
        const size_t limit = tcp ? out.size() : std::min(query.udp_size, out.size());
        if (query.plain_name && query.qclass == dns::class_in) {
            if (const auto size = answer_name(packet, query, limit, out)) {
                return size;
            }
        }
        return options_.forward ? std::nullopt
                                : std::optional{dns::write_empty(packet, query, dns::Rcode::no_such_name, out)};
    }

    std::optional<size_t> answer_name(std::string_view packet, const dns::Query& query, size_t limit,
                                      std::span<char> out) {
        if (const auto* addresses = view_->resolve(query.name())) {
            // Clients ask for A and AAAA in turns: with one counter for both, one of two replicas would get all.
            size_t& next = rotation_[query.type == dns::type_aaaa ? 1 : 0];
            return dns::write_addresses(packet, query, *addresses, next++, limit, out);
        }
        const auto reverse = dns::parse_reverse_name(query.name());
        if (!reverse) {
            return std::nullopt;
        }
        const std::string_view name = view_->reverse(*reverse);
        if (name.empty()) {
            return view_->owns(*reverse) ? std::optional{dns::write_empty(packet, query, dns::Rcode::no_such_name, out)}
                                         : std::nullopt;
        }
        return query.type == dns::type_ptr || query.type == dns::type_any
                   ? dns::write_name(packet, query, name, limit, out)
                   : dns::write_empty(packet, query, dns::Rcode::no_error, out);
    }

    void wait_udp() {
        udp_.async_wait(asio::posix::stream_descriptor::wait_read, [weak = weak_from_this()](const error_code& failed) {
            const auto self = weak.lock();
            if (failed || !self) {
                return;
            }
            for (int i = 0; i < batches_in_a_row && self->serve_batch(); ++i) {
            }
            if (self->udp_.is_open()) {
                self->wait_udp();
            }
        });
    }

    /// False when nothing more waits.
    bool serve_batch() {
        using Scratch = DnsForwarder::Impl::Scratch;
        Scratch& room = forwarder_.scratch();
        mmsghdr in[Scratch::batch] = {}, out[Scratch::batch] = {};
        iovec in_pieces[Scratch::batch], out_pieces[Scratch::batch];
        sockaddr_in peers[Scratch::batch];
        for (size_t i = 0; i < Scratch::batch; ++i) {
            in_pieces[i] = {room.in[i], Scratch::in_size};
            in[i].msg_hdr.msg_name = &peers[i];
            in[i].msg_hdr.msg_namelen = sizeof peers[i];
            in[i].msg_hdr.msg_iov = &in_pieces[i];
            in[i].msg_hdr.msg_iovlen = 1;
        }
        const int got = ::recvmmsg(udp_.native_handle(), in, Scratch::batch, MSG_DONTWAIT, nullptr);
        if (got <= 0) {
            return false;
        }
        unsigned replies = 0;
        for (int i = 0; i < got; ++i) {
            if ((in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
                continue;  // larger than any question
            }
            const std::string_view packet{room.in[i], in[i].msg_len};
            dns::Query query;
            const auto size = answer_here(packet, query, false, {room.out[replies], Scratch::out_size});
            if (!size) {
                forward_udp(packet, peers[i]);
            } else if (*size > 0) {
                out_pieces[replies] = {room.out[replies], *size};
                out[replies].msg_hdr.msg_name = &peers[i];
                out[replies].msg_hdr.msg_namelen = sizeof peers[i];
                out[replies].msg_hdr.msg_iov = &out_pieces[replies];
                out[replies].msg_hdr.msg_iovlen = 1;
                ++replies;
            }
        }
        for (unsigned sent = 0; sent < replies;) {
            const int count = ::sendmmsg(udp_.native_handle(), out + sent, replies - sent, MSG_DONTWAIT);
            // A reply that cannot be sent (the client's port is closed, no room) is lost, as on any network.
            sent += count > 0 ? static_cast<unsigned>(count) : 1;
        }
        return static_cast<size_t>(got) == Scratch::batch;
    }

    void forward_udp(std::string_view packet, const sockaddr_in& peer) {
        const std::string query{packet};
        forwarder_.ask_udp(query, options_.upstreams, [weak = weak_from_this(), peer, query](std::string_view reply) {
            if (const auto self = weak.lock()) {
                self->send_forwarded(query, reply, peer);
            }
        });
    }

    void send_forwarded(std::string_view packet, std::string_view reply, const sockaddr_in& peer) {
        std::array<char, dns::own_udp_size> own;
        dns::Query query;
        (void)dns::parse_query(packet, query);
        if (reply.empty()) {
            reply = {own.data(), dns::write_empty(packet, query, failure_of(query), own)};
        } else if (reply.size() > query.udp_size) {
            reply = {own.data(), dns::write_truncated(packet, query, own)};
        }
        (void)::sendto(udp_.native_handle(), reply.data(), reply.size(), MSG_DONTWAIT,
                       reinterpret_cast<const sockaddr*>(&peer), sizeof peer);
    }

    /// Nobody upstream answered. A name without a dot can only have been meant for us.
    static dns::Rcode failure_of(const dns::Query& query) {
        return query.name().find('.') == std::string_view::npos ? dns::Rcode::no_such_name : dns::Rcode::server_failure;
    }

    void accept() {
        tcp_.async_accept([weak = weak_from_this()](const error_code& failed, asio::ip::tcp::socket client) {
            const auto self = weak.lock();
            if (!self || failed == asio::error::operation_aborted || !self->tcp_.is_open()) {
                return;
            }
            if (!failed && self->sessions_.size() < most_sessions) {
                self->serve(std::move(client));
            }
            self->accept();
        });
    }

    void serve(asio::ip::tcp::socket client) {
        const auto number = next_session_++;
        const auto session = std::make_shared<TcpSession>(
            std::move(client),
            [weak = weak_from_this()](std::string_view packet, TcpSession::Reply reply) {
                const auto self = weak.lock();
                self ? self->answer_tcp(packet, std::move(reply)) : reply({});
            },
            [weak = weak_from_this(), number] {
                if (const auto self = weak.lock()) {
                    self->sessions_.erase(number);
                }
            });
        sessions_.emplace(number, session);
        session->start();
    }

    void answer_tcp(std::string_view packet, TcpSession::Reply reply) {
        std::vector<char> out(size_t{64} << 10U);
        dns::Query query;
        if (const auto size = answer_here(packet, query, true, {out.data(), out.size() - 1})) {
            reply({out.data(), *size});
            return;
        }
        std::string asked{packet};
        forwarder_.ask_tcp(asked, options_.upstreams, [asked, reply](std::string_view answer) {
            std::array<char, dns::own_udp_size> own;
            dns::Query failed;
            (void)dns::parse_query(asked, failed);
            reply(answer.empty()
                      ? std::string_view{own.data(), dns::write_empty(asked, failed, failure_of(failed), own)}
                      : answer);
        });
    }

    DnsForwarder::Impl& forwarder_;
    asio::posix::stream_descriptor udp_;
    asio::ip::tcp::acceptor tcp_;
    std::shared_ptr<const NameView> view_;
    DnsServerOptions options_;
    std::array<size_t, 2> rotation_{};
    std::uint64_t next_session_{0};
    std::map<std::uint64_t, std::weak_ptr<TcpSession>> sessions_;
};

DnsServer::DnsServer(asio::io_context& loop, DnsForwarder& forwarder, DnsSockets sockets,
                     std::shared_ptr<const NameView> view, DnsServerOptions options)
    : impl_{std::make_shared<Impl>(loop, forwarder.impl(), std::move(sockets), std::move(view), std::move(options))} {
    impl_->start();
}

DnsServer::DnsServer(DnsServer&&) noexcept = default;

DnsServer& DnsServer::operator=(DnsServer&& other) noexcept {
    if (impl_) {
        impl_->stop();
    }
    impl_ = std::move(other.impl_);
    return *this;
}

DnsServer::~DnsServer() {
    if (impl_) {
        impl_->stop();
    }
}

}  // namespace stack::net
