#include "engine/supervisor/session.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/supervisor/container.hpp"
#include "engine/supervisor/operations.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {
namespace {

/// A client that does not read what it is told is given up.
constexpr size_t most_unread = size_t{64} << 20U;

int peer_pid(int socket) {
    ucred peer{};
    socklen_t length = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : 0;
}

}  // namespace

Session::Session(Project& its_project, TurnKeeper& its_turns, UniqueFd socket)
    : project{its_project},
      turns{its_turns},
      socket_{std::move(socket)},
      watched_{its_project.loop, socket_.get()},
      client_pid_{peer_pid(socket_.get())} {
    ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

Session::~Session() = default;

std::string Session::describe(const std::string& verb) const {
    return fmt::format("'{}' (pid {})", verb, client_pid_);
}

Task<> Session::run() {
    const auto self = shared_from_this();
    send(R"({"hello": 1})");
    std::vector<UniqueFd> unwanted;
    while (!closed_) {
        const bool ready = co_await watched_.readable();
        if (!ready) {
            break;
        }
        try {
            if (wire::receive_some(socket_.get(), reader_, unwanted) == 0) {
                break;
            }
            unwanted.clear();
            while (auto request = reader_.next()) {
                if (busy_) {
                    waiting_.push_back(std::move(*request));
                } else {
                    busy_ = true;
                    spawn(project.loop, run_request(std::move(*request)), "a client's request");
                }
            }
        } catch (const SysError& error) {
            if (error.err() != EAGAIN) {
                log_warning("a client: {}", error.what());
                break;
            }
        } catch (const Error& error) {
            log_warning("a client: {}", error.what());
            break;
        }
    }
    close();
}

void Session::close() {
    closed_ = true;
    waiting_.clear();
    if (operation) {
        operation->cancel();
    }
    for (const auto& weak : attached) {
        if (const auto container = weak.lock()) {
            container->drop_attachment();
        }
    }
    attached.clear();
    for (const auto& weak : held) {
        if (const auto container = weak.lock()) {
            container->let_go();
        }
    }
    held.clear();
    watched_.stop();
}

Task<> Session::run_request(std::string json) {
    const auto self = shared_from_this();
    for (;;) {
        operation = std::make_shared<Operation>();
        if (closed_) {
            operation->cancel();
        }
        std::optional<Error> failure;
        try {
            co_await run_operation(*this, json);
        } catch (const Error& error) {
            failure = error;
        } catch (const std::exception& error) {
            failure = Error(Errc::internal, error.what());
        }
        if (failure) {
            send(wire::error_frame(*failure));
        }
        operation.reset();
        if (waiting_.empty()) {
            break;
        }
        json = std::move(waiting_.front());
        waiting_.erase(waiting_.begin());
    }
    busy_ = false;
}

void Session::send(const std::string& json, const std::vector<int>& fds) {
    if (closed_) {
        return;
    }
    if (!fds.empty()) {
        // Rare and small; the queue before it is empty, since the client waits for this answer.
        try {
            wire::send_frame(socket_.get(), json, fds);
        } catch (const Error& error) {
            log_warning("a client: {}", error.what());
        }
        return;
    }
    outgoing_ += wire::frame(json);
    if (outgoing_.size() > most_unread) {
        log_warning("a client (pid {}) does not read; it is given up", client_pid_);
        outgoing_.clear();
        close();
        return;
    }
    if (!flushing_) {
        flushing_ = true;
        spawn(project.loop, flush(), "answer a client");
    }
}

Task<> Session::flush() {
    const auto self = shared_from_this();
    while (!outgoing_.empty() && !closed_) {
        const ssize_t sent = ::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            outgoing_.erase(0, static_cast<size_t>(sent));
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) {
            break;  // its end will be read
        }
        const bool ready = co_await watched_.writable();
        if (!ready) {
            break;
        }
    }
    flushing_ = false;
}

}  // namespace stack::engine::supervisor
