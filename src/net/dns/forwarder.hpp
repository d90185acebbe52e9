#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/dns_server.hpp"

/// Private to the DNS files: its headers are heavy.
namespace stack::net {

/// Each question goes to one resolver at a time; the next one is asked when it does not answer in time, refuses or
/// fails, twice round. Ids are random per question and source ports per burst, so that answers are hard to forge
/// (RFC 5452); only an answer with the question that was asked counts.
class DnsForwarder::Impl : public std::enable_shared_from_this<DnsForwarder::Impl> {
public:
    /// The reply packet with the id of the query; empty if nobody answered.
    using Done = std::function<void(std::string_view reply)>;

    Impl(boost::asio::io_context& loop, std::filesystem::path resolv_conf);
    void start();
    void stop();

    /// `own`: the resolvers to ask; empty means the host's. Calls `done` later, or at once if there is nobody to ask.
    void ask_udp(std::string_view query, const std::vector<DnsUpstream>& own, Done done);
    void ask_tcp(std::string query, const std::vector<DnsUpstream>& own, Done done);
    const std::vector<DnsUpstream>& upstreams() const noexcept { return upstreams_; }

    /// Room for packets, used by one batch at a time: all servers of the process run on one loop.
    struct Scratch;
    Scratch& scratch() noexcept { return *scratch_; }

private:
    /// A connected socket to one resolver; closed when no question waits on it.
    struct Link;
    struct Question {
        std::string query;
        std::vector<DnsUpstream> servers;
        Done done;
        size_t attempt{0};
        std::uint64_t serial{0};  ///< of the attempt, so that an old deadline does not end a new one
        std::shared_ptr<Link> link;
        std::string last_refusal;
    };
    struct Deadline {
        std::chrono::steady_clock::time_point at;
        std::uint16_t id;
        std::uint64_t serial;
    };

    std::uint16_t fresh_id();
    void send(std::uint16_t id);
    void try_next(std::uint16_t id);
    void finish(std::uint16_t id, std::string_view reply);
    std::shared_ptr<Link> link_to(const DnsUpstream& server);
    void receive(const std::shared_ptr<Link>& link);
    void on_reply(const std::shared_ptr<Link>& link, std::string_view reply);
    void on_link_error(const std::shared_ptr<Link>& link);
    void release(Question& question);
    void arm_timer();
    void on_timer();
    void read_upstreams();
    void watch_files();
    void wait_for_change();

    boost::asio::io_context& loop_;
    std::filesystem::path resolv_conf_;
    std::vector<DnsUpstream> upstreams_;
    boost::asio::posix::stream_descriptor inotify_;
    boost::asio::steady_timer timer_;
    bool timer_armed_{false};
    std::deque<Deadline> deadlines_;
    std::unordered_map<std::uint16_t, Question> questions_;
    std::map<std::string, std::shared_ptr<Link>> links_;
    std::uint64_t next_serial_{1};
    std::shared_ptr<Scratch> scratch_;
};

struct DnsForwarder::Impl::Scratch {
    static constexpr size_t batch = 32;
    static constexpr size_t in_size = 1232, out_size = 4096;
    char in[batch][in_size];
    char out[batch][out_size];
};

}  // namespace stack::net
