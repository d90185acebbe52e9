#include "engine/supervisor/keeper_link.hpp"

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/supervisor/keeper.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {
namespace {

UniqueFd duplicate(int fd) {
    return UniqueFd{check(::fcntl(fd, F_DUPFD_CLOEXEC, 3), [] { return "duplicate a descriptor"; })};
}

void set_nonblocking(int fd) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

KeeperLink::KeeperLink(Loop& loop, std::string project, UniqueFd control, int listening, int lock)
    : loop_{loop}, project_{std::move(project)}, control_{std::move(control)}, listening_{listening}, lock_{lock} {}

KeeperLink::~KeeperLink() = default;

void KeeperLink::take_over() {
    Message hello;
    hello.type = MessageType::hello;
    send_message(control_.get(), hello);
    Received received;
    for (;;) {
        pollfd waiting{control_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, -1) < 0 && errno != EINTR) {
            throw SysError(errno, "wait for the keeper");
        }
        const Receive how = receive_message(control_.get(), received);
        if (how == Receive::closed) {
            throw Error(Errc::internal, "the keeper ended before it handed over");
        }
        if (how == Receive::nothing) {
            continue;
        }
        const std::string key{received.message.key_view()};
        if (received.message.type == MessageType::handover_end) {
            break;
        }
        if (received.message.type == MessageType::stored) {
            kept_[key] = std::move(received.fds[0]);
        } else if (received.message.type == MessageType::child || received.message.type == MessageType::ended) {
            // An end that was told just before the handover is in it once more.
            if (received.fds[0]) {
                living_[key] = {received.message.pid, received.message.is_exec != 0, duplicate(received.fds[0].get())};
                children_[key] = {received.message, std::move(received.fds[0])};
            }
        }
    }
    set_nonblocking(control_.get());
}

void KeeperLink::run() {
    watched_ = std::make_unique<Watched>(loop_, control_.get());
    spawn(loop_, listen(), "listen to the keeper");
}

Task<> KeeperLink::listen() {
    Received received;
    while (!leaving_) {
        const bool ready = co_await watched_->readable();
        if (!ready) {
            co_return;
        }
        for (;;) {
            const Receive how = receive_message(control_.get(), received);
            if (how == Receive::message) {
                try {
                    handle(received);
                } catch (const Error& error) {
                    log_warning("a message of the keeper: {}", error.what());  // out of descriptors: go on listening
                }
            } else if (how == Receive::nothing) {
                break;
            } else {
                if (!leaving_) {
                    replace_keeper();
                }
                break;
            }
        }
    }
}

void KeeperLink::handle(Received& received) {
    const std::string key{received.message.key_view()};
    switch (received.message.type) {
        case MessageType::launched:
            // At once, not when the waiter goes on: the next thing to be read may be the keeper's end.
            living_[key] = {received.message.pid, received.message.is_exec != 0, duplicate(received.fds[0].get())};
            [[fallthrough]];
        case MessageType::refused:
            if (const auto waiting = pending_.find(key); waiting != pending_.end()) {
                waiting->second->answer = received.message;
                waiting->second->pidfd = std::move(received.fds[0]);
                waiting->second->done.notify();
            }
            break;
        case MessageType::ended:
            if (on_ended) {
                on_ended(received.message);
            }
            break;
        case MessageType::hello:
        case MessageType::launch:
        case MessageType::launch_exec:
        case MessageType::adopt:
        case MessageType::forget:
        case MessageType::store:
        case MessageType::drop:
        case MessageType::adopt_worker:
        case MessageType::leave:
        case MessageType::child:
        case MessageType::stored:
        case MessageType::handover_end:
            log_warning("the keeper said something that is not its to say");
    }
}

Task<LaunchedProcess> KeeperLink::launch(LaunchRequest& request) {
    Message message;
    message.type = request.is_exec ? MessageType::launch_exec : MessageType::launch;
    message.set_key(request.key);
    const UniqueFd plan = kernel::memfd_with("launch-plan", request.plan);
    std::vector<int> fds{plan.get()};
    for (size_t i = 0; i < request.fds.size(); ++i) {
        if (request.fds[i] >= 0) {
            message.fd_mask |= 1U << i;
            fds.push_back(request.fds[i]);
        }
    }
    const auto pending = std::make_shared<Pending>();
    pending_[request.key] = pending;
    send(message, fds);
    while (!pending->answer && !pending->lost) {
        co_await wait_for(pending->done, never);
    }
    pending_.erase(request.key);
    if (pending->lost) {
        throw KeeperLost{};
    }
    const Message& answer = *pending->answer;
    if (answer.type == MessageType::refused) {
        throw Error(Errc::system, std::string{answer.text_view()});
    }
    LaunchedProcess launched;
    launched.pid = answer.pid;
    launched.pidfd = std::move(pending->pidfd);
    co_return launched;
}

void KeeperLink::adopt(const std::string& key, pid_t pid, int pidfd) {
    Message message;
    message.type = MessageType::adopt;
    message.set_key(key);
    message.pid = pid;
    living_[key] = {pid, false, duplicate(pidfd)};
    send(message, {pidfd});
}

void KeeperLink::forget(const std::string& key) {
    living_.erase(key);
    Message message;
    message.type = MessageType::forget;
    message.set_key(key);
    send(message, {});
}

int KeeperLink::keep(const std::string& key, UniqueFd fd) {
    Message message;
    message.type = MessageType::store;
    message.set_key(key);
    send(message, {fd.get()});
    const int borrowed = fd.get();
    kept_[key] = std::move(fd);
    return borrowed;
}

int KeeperLink::find(const std::string& key) const {
    const auto found = kept_.find(key);
    return found == kept_.end() ? -1 : found->second.get();
}

std::vector<std::string> KeeperLink::keys(const std::string& prefix) const {
    std::vector<std::string> found;
    for (auto it = kept_.lower_bound(prefix); it != kept_.end() && it->first.starts_with(prefix); ++it) {
        found.push_back(it->first);
    }
    return found;
}

void KeeperLink::drop(const std::string& key) {
    const auto gone = key.ends_with('/') ? keys(key) : std::vector<std::string>{key};
    for (const std::string& one : gone) {
        kept_.erase(one);
    }
    Message message;
    message.type = MessageType::drop;
    message.set_key(key);
    send(message, {});
}

// Behind all that still waits to be said: after a large project that is a lot, and a keeper that has not heard of our
// leaving starts another worker. What it says meanwhile is taken, so that it does not wait for us.
void KeeperLink::leave() {
    leaving_ = true;
    if (watched_) {
        watched_->stop();
    }
    Message message;
    message.type = MessageType::leave;
    send(message, {});
    Received ignored;
    while (!outgoing_.empty()) {
        pollfd waiting{control_.get(), POLLIN | POLLOUT, 0};
        if (::poll(&waiting, 1, -1) < 0) {
            continue;  // EINTR
        }
        Receive how = Receive::message;
        while ((waiting.revents & POLLIN) != 0 && how == Receive::message) {
            how = receive_message(control_.get(), ignored);
        }
        if (how == Receive::closed || (waiting.revents & (POLLERR | POLLHUP)) != 0) {
            return;  // it is gone already
        }
        flush();
    }
}

// The keeper may be waiting until we read while we write to it: never wait here.
void KeeperLink::send(const Message& message, const std::vector<int>& fds) {
    if (outgoing_.empty() && send_message(control_.get(), message, fds.data(), fds.size())) {
        return;
    }
    const bool is_first = outgoing_.empty();
    Outgoing& waiting = outgoing_.emplace_back();
    waiting.message = message;
    for (const int fd : fds) {
        waiting.fds.push_back(duplicate(fd));
    }
    if (is_first) {
        spawn(loop_, flush_when_writable(), "write to the keeper");
    }
}

void KeeperLink::flush() {
    while (!outgoing_.empty()) {
        const Outgoing& next = outgoing_.front();
        std::vector<int> fds;
        for (const UniqueFd& fd : next.fds) {
            fds.push_back(fd.get());
        }
        if (!send_message(control_.get(), next.message, fds.data(), fds.size()) && errno == EAGAIN) {
            return;
        }
        outgoing_.pop_front();
    }
}

Task<> KeeperLink::flush_when_writable() {
    while (!outgoing_.empty() && watched_) {
        const bool ready = co_await watched_->writable();
        if (!ready) {
            break;
        }
        flush();
    }
}

void KeeperLink::replace_keeper() {
    log_warning("the keeper of project '{}' is gone; starting another", project_);
    int pair[2];
    check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), [] { return "socketpair"; });
    const UniqueFd theirs{pair[1]};
    watched_->stop();
    watched_.reset();
    outgoing_.clear();  // all that counts is said anew below
    control_ = UniqueFd{pair[0]};
    watched_ = std::make_unique<Watched>(loop_, control_.get());
    const UniqueFd program = kernel::open_at(AT_FDCWD, "/proc/self/exe", O_RDONLY);
    const Started keeper = start_keeper_again(project_, program.get(), theirs.get(), listening_, lock_);
    set_nonblocking(control_.get());
    const UniqueFd self = kernel::pidfd_open(::getpid());
    Message message;
    message.type = MessageType::adopt_worker;
    message.pid = ::getpid();
    send(message, {self.get()});
    for (const auto& [key, fd] : kept_) {
        Message store;
        store.type = MessageType::store;
        store.set_key(key);
        send(store, {fd.get()});
    }
    for (const auto& [key, process] : living_) {
        Message adopted;
        adopted.type = MessageType::adopt;
        adopted.set_key(key);
        adopted.pid = process.pid;
        adopted.is_exec = process.is_exec ? 1 : 0;
        send(adopted, {process.pidfd.get()});
    }
    // A clone that was asked for may or may not have happened: who waits is told so.
    for (auto& [key, pending] : pending_) {
        pending->lost = !pending->answer;
        pending->done.notify();
    }
}

}  // namespace stack::engine::supervisor
