#include "net/dns/forwarder.hpp"

#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/random.h>

#include "net/dns/tcp_question.hpp"
#include "net/dns_message.hpp"
#include "net/resolv_conf.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/log.hpp"

namespace stack::net {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using std::chrono::steady_clock;

/// Per attempt. glibc and musl ask again after 5 s: by then the second resolver has been asked too.
constexpr std::chrono::milliseconds attempt_time{1500};
constexpr size_t rounds = 2;
/// Above it new questions fail at once: a flood from one container must not eat the memory of the supervisor.
constexpr size_t most_questions = 4096;

}  // namespace

struct DnsForwarder::Impl::Link {
    explicit Link(asio::io_context& loop) : socket{loop} {}
    udp::socket socket;
    std::string key;
    size_t waiting{0};
    std::array<char, dns::own_udp_size> buffer;
};

DnsForwarder::Impl::Impl(asio::io_context& loop, std::filesystem::path resolv_conf)
    : loop_{loop},
      resolv_conf_{std::move(resolv_conf)},
      inotify_{loop},
      timer_{loop},
      scratch_{std::make_shared<Scratch>()} {}

void DnsForwarder::Impl::start() {
    inotify_.assign(check(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC), [] { return "make an inotify descriptor"; }));
    watch_files();
    read_upstreams();
    wait_for_change();
}

void DnsForwarder::Impl::stop() {
    boost::system::error_code ignored;
    inotify_.close(ignored);
    timer_.cancel();
    for (const auto& [key, link] : links_) {
        link->socket.close(ignored);
    }
    links_.clear();
    questions_.clear();
}

void DnsForwarder::Impl::read_upstreams() {
    upstreams_.clear();
    try {
        const auto text = find_file(resolv_conf_, size_t{1} << 20U);
        for (const IpAddress& address : parse_resolv_conf(text.value_or("")).nameservers) {
            upstreams_.push_back({address, 53});
        }
    } catch (const Error& error) {
        log_warning("read the host's resolvers: {}", error.what());
    }
    if (upstreams_.empty()) {  // resolv.conf(5): without nameservers, the one on the local machine
        upstreams_.push_back({IpAddress::v4(127U << 24U | 1U), 53});
    }
}

/// The folder of the file and, where it is a symlink (systemd-resolved), the folder of what it points at: both are
/// replaced by rename(2), after which a watch on the file itself would look at the old one. The file, too: where it is
/// a bind mount (a host that is a container itself) it is written by another name, in a folder that we do not see.
void DnsForwarder::Impl::watch_files() {
    constexpr std::uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR;
    std::error_code failed;
    const auto target = std::filesystem::weakly_canonical(resolv_conf_, failed);
    for (const auto& file : {resolv_conf_, target}) {
        if (!file.parent_path().empty()) {
            // A folder that is not there has nothing to watch.
            (void)::inotify_add_watch(inotify_.native_handle(), file.parent_path().c_str(), mask);
        }
        (void)::inotify_add_watch(inotify_.native_handle(), file.c_str(), IN_CLOSE_WRITE);
    }
}

void DnsForwarder::Impl::wait_for_change() {
    inotify_.async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = weak_from_this()](const boost::system::error_code& failed) {
                            const auto alive = self.lock();
                            if (failed || !alive) {
                                return;
                            }
                            std::array<char, 4096> events;
                            while (::read(alive->inotify_.native_handle(), events.data(), events.size()) > 0) {
                            }
                            alive->watch_files();
                            alive->read_upstreams();
                            alive->wait_for_change();
                        });
}

std::uint16_t DnsForwarder::Impl::fresh_id() {
    std::uint16_t id = 0;
    do {
        check(::getrandom(&id, sizeof id, 0), [] { return "get random bytes"; });
    } while (questions_.contains(id));
    return id;
}

void DnsForwarder::Impl::ask_udp(std::string_view query, const std::vector<DnsUpstream>& own, Done done) {
    const auto& servers = own.empty() ? upstreams_ : own;
    if (questions_.size() >= most_questions) {
        done({});
        return;
    }
    const std::uint16_t id = fresh_id();
    Question question;
    question.query.assign(query);
    question.servers = servers;
    question.done = std::move(done);
    questions_.emplace(id, std::move(question));
    send(id);
}

void DnsForwarder::Impl::send(std::uint16_t id) {
    Question& question = questions_.at(id);
    const DnsUpstream& server = question.servers[question.attempt % question.servers.size()];
    question.serial = next_serial_++;
    question.link = link_to(server);
    if (!question.link) {
        try_next(id);
        return;
    }
    ++question.link->waiting;
    std::string packet = question.query;
    dns::set_id(packet, id);
    boost::system::error_code failed;
    question.link->socket.send(asio::buffer(packet), 0, failed);
    if (failed && failed != asio::error::would_block) {
        try_next(id);
        return;
    }
    deadlines_.push_back({steady_clock::now() + attempt_time, id, question.serial});
    arm_timer();
}

void DnsForwarder::Impl::release(Question& question) {
    const auto link = std::exchange(question.link, nullptr);
    if (link && --link->waiting == 0) {
        boost::system::error_code ignored;
        link->socket.close(ignored);
        if (const auto found = links_.find(link->key); found != links_.end() && found->second == link) {
            links_.erase(found);
        }
    }
}

void DnsForwarder::Impl::try_next(std::uint16_t id) {
    Question& question = questions_.at(id);
    release(question);
    if (++question.attempt >= question.servers.size() * rounds) {
        const std::string refusal = std::move(question.last_refusal);
        finish(id, refusal);
        return;
    }
    send(id);
}

void DnsForwarder::Impl::finish(std::uint16_t id, std::string_view reply) {
    auto node = questions_.extract(id);
    Question& question = node.mapped();
    release(question);
    if (reply.empty()) {
        question.done({});
        return;
    }
    std::string packet{reply};
    dns::set_id(packet, dns::id_of(question.query));
    question.done(packet);
}

std::shared_ptr<DnsForwarder::Impl::Link> DnsForwarder::Impl::link_to(const DnsUpstream& server) {
    const std::string key = fmt::format("{}#{}", to_string(server.address), server.port);
    if (const auto found = links_.find(key); found != links_.end()) {
        return found->second;
    }
    auto link = std::make_shared<Link>(loop_);
    link->key = key;
    const udp::endpoint remote{asio::ip::make_address(to_string(server.address)), server.port};
    boost::system::error_code failed;
    link->socket.open(remote.protocol(), failed);
    if (!failed) {
        link->socket.non_blocking(true, failed);
        link->socket.connect(remote, failed);
    }
    if (failed) {
        return nullptr;
    }
    links_[key] = link;
    receive(link);
    return link;
}

void DnsForwarder::Impl::receive(const std::shared_ptr<Link>& link) {
    link->socket.async_receive(asio::buffer(link->buffer),
                               [self = weak_from_this(), link](const boost::system::error_code& failed, size_t size) {
                                   const auto alive = self.lock();
                                   if (!alive || failed == asio::error::operation_aborted || !link->socket.is_open()) {
                                       return;
                                   }
                                   if (failed) {
                                       alive->on_link_error(link);
                                   } else {
                                       alive->on_reply(link, {link->buffer.data(), size});
                                   }
                                   if (link->socket.is_open()) {
                                       alive->receive(link);
                                   }
                               });
}

void DnsForwarder::Impl::on_reply(const std::shared_ptr<Link>& link, std::string_view reply) {
    if (reply.size() < dns::header_size) {
        return;
    }
    const std::uint16_t id = dns::id_of(reply);
    const auto found = questions_.find(id);
    if (found == questions_.end() || found->second.link != link || !dns::answers(found->second.query, reply)) {
        return;
    }
    const auto rcode = dns::rcode_of(reply);
    if (rcode == dns::Rcode::server_failure || rcode == dns::Rcode::refused || rcode == dns::Rcode::not_implemented) {
        found->second.last_refusal.assign(reply);
        try_next(id);
        return;
    }
    finish(id, reply);
}

/// The host answered "port unreachable": everybody who waits there goes on at once.
void DnsForwarder::Impl::on_link_error(const std::shared_ptr<Link>& link) {
    std::vector<std::uint16_t> waiting;
    for (const auto& [id, question] : questions_) {
        if (question.link == link) {
            waiting.push_back(id);
        }
    }
    for (const std::uint16_t id : waiting) {
        // An earlier one's callback may have ended this one.
        if (const auto found = questions_.find(id); found != questions_.end() && found->second.link == link) {
            try_next(id);
        }
    }
}

void DnsForwarder::Impl::arm_timer() {
    if (timer_armed_ || deadlines_.empty()) {
        return;
    }
    timer_armed_ = true;
    timer_.expires_at(deadlines_.front().at);
    timer_.async_wait([self = weak_from_this()](const boost::system::error_code& failed) {
        if (const auto alive = self.lock(); alive && !failed) {
            alive->on_timer();
        }
    });
}

void DnsForwarder::Impl::on_timer() {
    timer_armed_ = false;
    // All attempts last equally long, so the deadlines are in order.
    while (!deadlines_.empty() && deadlines_.front().at <= steady_clock::now()) {
        const Deadline due = deadlines_.front();
        deadlines_.pop_front();
        const auto found = questions_.find(due.id);
        if (found != questions_.end() && found->second.serial == due.serial) {
            try_next(due.id);
        }
    }
    arm_timer();
}

void DnsForwarder::Impl::ask_tcp(std::string query, const std::vector<DnsUpstream>& own, Done done) {
    TcpQuestion::start(loop_, std::move(query), own.empty() ? upstreams_ : own, std::move(done));
}

DnsForwarder::DnsForwarder(asio::io_context& loop, std::filesystem::path resolv_conf)
    : impl_{std::make_shared<Impl>(loop, std::move(resolv_conf))} {
    impl_->start();
}

DnsForwarder::~DnsForwarder() {
    impl_->stop();
}

const std::vector<DnsUpstream>& DnsForwarder::upstreams() const {
    return impl_->upstreams();
}

}  // namespace stack::net
