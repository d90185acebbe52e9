#include "harness/scripted_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::testing {
namespace {

UniqueFd listen_on_loopback(int& port) {
    UniqueFd fd{check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), [] { return "socket"; })};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), [] { return "bind"; });
    check(::listen(fd.get(), 16), [] { return "listen"; });
    socklen_t size = sizeof address;
    check(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), [] { return "getsockname"; });
    port = ntohs(address.sin_port);
    return fd;
}

// Reads up to the empty line. False if the client left or does not speak HTTP (a TLS greeting).
bool read_request(int fd, ScriptedServer::Request& request) {
    std::string text;
    char c = 0;
    while (!text.ends_with("\r\n\r\n")) {
        if (::read(fd, &c, 1) != 1 || (text.empty() && (c < 'A' || c > 'Z'))) {
            return false;
        }
        text += c;
    }
    const auto lines = split(text, '\n');
    const auto words = split(lines[0], ' ');
    request.method = words.at(0);
    request.path = words.at(1);
    for (size_t i = 1; i < lines.size(); ++i) {
        const auto colon = lines[i].find(':');
        if (colon != std::string_view::npos) {
            request.headers[to_lower(lines[i].substr(0, colon))] = trim(lines[i].substr(colon + 1));
        }
    }
    return true;
}

}  // namespace

ScriptedServer::ScriptedServer(Script script, Ending ending)
    : script_{std::move(script)},
      ending_{ending},
      listener_{listen_on_loopback(port_)},
      stop_{::eventfd(0, EFD_CLOEXEC)},
      thread_{[this] { serve(); }} {}

ScriptedServer::~ScriptedServer() {
    const std::uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof one);
    thread_.join();
}

std::string ScriptedServer::address() const {
    return fmt::format("127.0.0.1:{}", port_);
}

void ScriptedServer::serve() {
    for (;;) {
        pollfd waiting[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        ::poll(waiting, 2, -1);
        if (waiting[1].revents != 0) {
            return;
        }
        const UniqueFd client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        Request request;
        if (!client || !read_request(client.get(), request)) {
            continue;
        }
        log_.push_back(request.method + ' ' + request.path);
        std::string_view answer;
        const std::string whole = script_(request);
        for (answer = whole; !answer.empty();) {
            const ssize_t sent = ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                break;
            }
            answer.remove_prefix(static_cast<size_t>(sent));
        }
        if (ending_ == Ending::closes) {
            ::shutdown(client.get(), SHUT_WR);
        }
        char rest = 0;
        while (::read(client.get(), &rest, 1) > 0) {
        }
    }
}

std::string http_answer(int status, const std::string& body, const std::vector<std::string>& headers) {
    std::string text = fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n", status, body.size());
    for (const std::string& header : headers) {
        text += header + "\r\n";
    }
    return text + "\r\n" + body;
}

int free_port() {
    int port = 0;
    const UniqueFd fd = listen_on_loopback(port);
    return port;
}

}  // namespace stack::testing
