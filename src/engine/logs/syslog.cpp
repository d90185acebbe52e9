// Docker's syslog driver: addresses, facilities and formats as https://docs.docker.com/engine/logging/drivers/syslog/
// and RFC 3164, RFC 5424 have them.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/logs/local_socket.hpp"
#include "engine/logs/targets.hpp"
#include "engine/logs/time_text.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::engine::logs {
namespace {

constexpr std::array<std::string_view, 24> facilities{
    "kern", "user", "mail", "daemon", "auth",   "syslog", "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
    "",     "",     "",     "",       "local0", "local1", "local2", "local3", "local4", "local5", "local6",   "local7"};
constexpr std::array<std::string_view, 4> formats{"", "rfc3164", "rfc5424", "rfc5424micro"};
constexpr int connect_patience_ms = 10'000;

struct Address {
    enum class Kind { local, udp, tcp } kind{Kind::local};
    std::string path{"/dev/log"}, host, port{"514"};
};

[[noreturn]] void refuse(const std::string& text, const char* hint) {
    throw Error(Errc::invalid_input, fmt::format("invalid logging option syslog-address '{}'", text)).hint(hint);
}

Address parse_address(const std::string& text) {
    constexpr const char* forms = "write udp://HOST:PORT, tcp://HOST:PORT, unix:///PATH or unixgram:///PATH";
    Address address;
    if (text.empty()) {
        return address;
    }
    const size_t separator = text.find("://");
    const std::string scheme = text.substr(0, separator);
    if (separator == std::string::npos) {
        refuse(text, forms);
    }
    if (scheme == "tcp+tls") {
        refuse(text, "syslog over TLS is not there; send to a local relay such as rsyslog");
    }
    const std::string rest = text.substr(separator + 3);
    if (scheme == "unix" || scheme == "unixgram") {
        if (!rest.starts_with('/')) {
            refuse(text, forms);
        }
        address.path = rest;
        return address;
    }
    if (scheme != "udp" && scheme != "tcp") {
        refuse(text, forms);
    }
    address.kind = scheme == "udp" ? Address::Kind::udp : Address::Kind::tcp;
    const size_t colon = rest.rfind(':');
    const bool bracketed = rest.starts_with('[');
    const size_t end = bracketed ? rest.find(']') : colon;
    if (bracketed && end == std::string::npos) {
        refuse(text, forms);
    }
    address.host = bracketed ? rest.substr(1, end - 1) : rest.substr(0, end);
    if (colon != std::string::npos && (!bracketed || colon > end)) {
        address.port = rest.substr(colon + 1);
    }
    const auto port = parse_uint(address.port);
    if (address.host.empty() || !port || *port == 0 || *port > 65535) {
        refuse(text, forms);
    }
    return address;
}

int parse_facility(const std::string& text) {
    const auto number = parse_uint(text);
    const auto named = std::find(facilities.begin(), facilities.end(), text);
    if (number && *number < facilities.size()) {
        return static_cast<int>(*number);
    }
    if (text.empty() || named == facilities.end()) {
        throw Error(Errc::invalid_input, fmt::format("invalid logging option syslog-facility '{}'", text))
            .hint("write daemon, user, local0 … local7, or another facility of syslog(3), or its number");
    }
    return static_cast<int>(named - facilities.begin());
}

std::string option(const Options& options, const char* name, const std::string& otherwise) {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
}

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

/// Blocks for at most connect_patience_ms per address: called on a thread of its own.
UniqueFd connect_to(const Address& address) {
    const std::string shown = fmt::format("connect to the syslog server {}:{}", address.host, address.port);
    addrinfo wanted{};
    wanted.ai_socktype = address.kind == Address::Kind::udp ? SOCK_DGRAM : SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int failure = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &wanted, &list); failure != 0) {
        throw Error(Errc::network, fmt::format("{}: {}", shown, ::gai_strerror(failure)));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{list, ::freeaddrinfo};
    int err = ECONNREFUSED;
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
        UniqueFd fd{::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, one->ai_protocol)};
        if (!fd) {
            err = errno;
            continue;
        }
        if (::connect(fd.get(), one->ai_addr, one->ai_addrlen) == 0) {
            return fd;
        }
        err = errno;
        pollfd ready{fd.get(), POLLOUT, 0};
        if (err == EINPROGRESS) {
            socklen_t length = sizeof err;
            err = ETIMEDOUT;
            if (::poll(&ready, 1, connect_patience_ms) == 1) {
                ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &err, &length);
            }
        }
        if (err == 0) {
            return fd;
        }
    }
    throw SysError(err, shown);
}

/// What makes a line of it.
class Formatter {
public:
    Formatter(const Options& options, const Origin& origin, bool local)
        : facility_{parse_facility(option(options, "syslog-facility", "daemon"))},
          format_{option(options, "syslog-format", "")},
          tag_{render_tag(option(options, "tag", "{{.ID}}"), origin)},
          host_{host_name()},
          local_{local} {}

    std::string operator()(const Message& message) const {
        constexpr int error = 3, informational = 6;
        const int priority = facility_ * 8 + (message.stream == Stream::err ? error : informational);
        const int pid = ::getpid();
        if (format_.starts_with("rfc5424")) {
            const std::string time =
                format_ == "rfc5424" ? rfc3339_seconds(message.time_ns) : rfc3339_micro(message.time_ns);
            return fmt::format("<{}>1 {} {} {} {} {} - {}", priority, time, host_, tag_, pid, tag_, message.text);
        }
        if (format_ == "rfc3164" || !local_) {
            const std::string time =
                format_ == "rfc3164" ? syslog_stamp(message.time_ns) : rfc3339_seconds(message.time_ns);
            return fmt::format("<{}>{} {} {}[{}]: {}", priority, time, host_, tag_, pid, message.text);
        }
        return fmt::format("<{}>{} {}[{}]: {}", priority, syslog_stamp(message.time_ns), tag_, pid, message.text);
    }

private:
    int facility_;
    std::string format_, tag_, host_;
    bool local_;
};

class LocalSyslog final : public Target {
public:
    LocalSyslog(const std::string& path, Formatter format) : socket_{path}, format_{std::move(format)} {}
    Sent send(const Message& message) override {
        return socket_.send(format_(message) + "\n") ? Sent::yes : Sent::later;
    }
    int fd() const override { return socket_.fd(); }

private:
    LocalSocket socket_;
    Formatter format_;
};

class RemoteSyslog final : public Target {
public:
    RemoteSyslog(const Address& address, Formatter format)
        : udp_{address.kind == Address::Kind::udp},
          where_{fmt::format("the syslog server {}:{}", address.host, address.port)},
          fd_{connect_to(address)},
          format_{std::move(format)} {}

    Sent send(const Message& message) override {
        if (!flush()) {
            return Sent::later;
        }
        pending_ = format_(message) + "\n";
        flush();
        return Sent::yes;
    }
    int fd() const override { return fd_.get(); }

private:
    /// True if nothing is waiting any more.
    bool flush() {
        while (!pending_.empty()) {
            const ssize_t sent = ::send(fd_.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && udp_ && errno == ECONNREFUSED) {
                continue;  // told of an earlier datagram; nobody listens there now, and UDP does not mind
            }
            if (sent < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)) {
                return false;
            }
            check(sent, [&] { return "send to " + where_; });
            pending_.erase(0, static_cast<size_t>(sent));
        }
        return true;
    }

    bool udp_;
    std::string where_;
    UniqueFd fd_;
    Formatter format_;
    std::string pending_;
};

}  // namespace

void check_syslog_options(const Options& options) {
    parse_address(option(options, "syslog-address", ""));
    parse_facility(option(options, "syslog-facility", "daemon"));
    const std::string format = option(options, "syslog-format", "");
    if (std::find(formats.begin(), formats.end(), format) == formats.end()) {
        throw Error(Errc::invalid_input, fmt::format("invalid logging option syslog-format '{}'", format))
            .hint("write rfc3164, rfc5424 or rfc5424micro");
    }
}

std::unique_ptr<Target> open_syslog(const Options& options, const Origin& origin) {
    const Address address = parse_address(option(options, "syslog-address", ""));
    Formatter format{options, origin, address.kind == Address::Kind::local};
    if (address.kind == Address::Kind::local) {
        return std::make_unique<LocalSyslog>(address.path, std::move(format));
    }
    return std::make_unique<RemoteSyslog>(address, std::move(format));
}

}  // namespace stack::engine::logs
