#include "net/netlink/socket.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "support/error.hpp"

namespace stack::net::netlink {
namespace {

constexpr size_t receive_room = size_t{256} << 10U;
// Each message is acknowledged, and the answers lie in the socket's buffer (net.core.rmem_default, 208 KiB, counted
// with what the kernel needs to hold them) until the last is sent: a thousand at once do not fit, and the kernel drops
// what follows (ENOBUFS).
constexpr size_t most_at_once = 64;

/// The text that the kernel gives with an error (NLMSGERR_ATTR_MSG, since 4.12), with a blank before it.
std::string explanation(const nlmsghdr& header) {
    const auto* error = static_cast<const nlmsgerr*>(nlmsg_data(&header));
    if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
        return {};
    }
    const size_t skipped = (header.nlmsg_flags & NLM_F_CAPPED) != 0
                               ? sizeof *error
                               : sizeof *error + NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof error->msg;
    if (header.nlmsg_len < NLMSG_HDRLEN + skipped) {
        return {};
    }
    const auto* first = reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(error) + skipped);
    const nlattr* text =
        nla_find(first, static_cast<int>(header.nlmsg_len - NLMSG_HDRLEN - skipped), NLMSGERR_ATTR_MSG);
    return text ? fmt::format(" ({})", nla_get_string(text)) : std::string{};
}

const nlmsgerr& error_of(const nlmsghdr& header) {
    if (header.nlmsg_len < NLMSG_HDRLEN + sizeof(nlmsgerr)) {
        throw Error(Errc::system, "the kernel sent half a netlink answer");
    }
    return *static_cast<const nlmsgerr*>(nlmsg_data(&header));
}

struct Failure {
    int err;
    std::string what;
};

Message batch_mark(int type, std::uint8_t subsystem) {
    Message mark{type, 0, "load rules", 64};
    mark.header(nfgenmsg{AF_UNSPEC, NFNETLINK_V0, htons(subsystem)});
    return mark;
}

}  // namespace

Socket::Socket(int protocol)
    : socket_{check(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), [] { return "make a netlink socket"; })},
      buffer_{std::make_unique_for_overwrite<char[]>(receive_room)} {
    const int on = 1;
    // Capped: errors do not repeat the request. Both options are hints; without them texts get poorer.
    (void)::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    (void)::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
}

std::uint32_t Socket::send(std::span<Message* const> messages) {
    std::vector<iovec> pieces;
    pieces.reserve(messages.size());
    const std::uint32_t first = sequence_ + 1;
    for (Message* message : messages) {
        nlmsghdr* header = nlmsg_hdr(message->raw());
        header->nlmsg_seq = ++sequence_;
        pieces.push_back({header, header->nlmsg_len});
    }
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    msghdr out{};
    out.msg_name = &kernel;
    out.msg_namelen = sizeof kernel;
    out.msg_iov = pieces.data();
    out.msg_iovlen = pieces.size();
    check(::sendmsg(socket_.get(), &out, 0), [&] { return fmt::format("cannot {}: send", messages.front()->what()); });
    return first;
}

size_t Socket::receive(int flags) {
    while (true) {
        const ssize_t got = ::recv(socket_.get(), buffer_.get(), receive_room, flags);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        return static_cast<size_t>(check(got, [] { return "read a netlink answer"; }));
    }
}

void Socket::execute(std::span<Message> batch) {
    std::optional<SysError> failure;
    for (size_t begin = 0; begin < batch.size(); begin += most_at_once) {
        try {
            execute_part(batch.subspan(begin, std::min(most_at_once, batch.size() - begin)));
        } catch (const SysError& error) {
            if (!failure) {
                failure = error;
            }
        }
    }
    if (failure) {
        throw SysError{*failure};
    }
}

void Socket::execute_part(std::span<Message> batch) {
    std::vector<Message*> messages;
    for (Message& message : batch) {
        nlmsg_hdr(message.raw())->nlmsg_flags |= NLM_F_ACK;
        messages.push_back(&message);
    }
    const std::uint32_t first = send(messages);
    std::optional<Failure> failure;
    for (size_t answered = 0; answered < messages.size();) {
        for_each_message({buffer_.get(), receive(0)}, [&](const nlmsghdr& header) {
            if (header.nlmsg_type != NLMSG_ERROR || header.nlmsg_seq - first >= messages.size()) {
                return;
            }
            ++answered;
            const int err = -error_of(header).error;
            const Message& message = *messages[header.nlmsg_seq - first];
            if (err != 0 && !failure && !message.tolerates(err)) {
                failure = Failure{err, fmt::format("cannot {}{}", message.what(), explanation(header))};
            }
        });
    }
    if (failure) {
        throw SysError(failure->err, failure->what);
    }
}

void Socket::execute_transaction(std::span<Message> batch, std::uint8_t subsystem) {
    if (batch.empty()) {
        return;
    }
    Message begin = batch_mark(NFNL_MSG_BATCH_BEGIN, subsystem);
    Message end = batch_mark(NFNL_MSG_BATCH_END, subsystem);
    std::vector<Message*> messages{&begin};
    for (Message& message : batch) {
        messages.push_back(&message);
    }
    // Errors come for every message that failed, acknowledgements only where asked: so ask for the last.
    nlmsg_hdr(messages.back()->raw())->nlmsg_flags |= NLM_F_ACK;
    messages.push_back(&end);
    const std::uint32_t first = send(messages);
    const auto last = static_cast<std::uint32_t>(messages.size() - 2);
    std::optional<Failure> failure;
    for (bool done = false; !done;) {
        for_each_message({buffer_.get(), receive(0)}, [&](const nlmsghdr& header) {
            const std::uint32_t index = header.nlmsg_seq - first;
            if (header.nlmsg_type != NLMSG_ERROR || index > last + 1) {
                return;
            }
            const int err = -error_of(header).error;
            if (err != 0 && !failure && !messages[index]->tolerates(err)) {
                failure = Failure{err, fmt::format("cannot {}{}", messages[index]->what(), explanation(header))};
            }
            // An error for BATCH_BEGIN or BATCH_END means that the batch as a whole was refused.
            done = done || index >= last || (index == 0 && err != 0);
        });
    }
    if (failure) {
        throw SysError(failure->err, failure->what);
    }
}

bool Socket::read_dump(const std::function<void(const nlmsghdr&)>& each) {
    bool interrupted = false;
    for (bool done = false; !done;) {
        for_each_message({buffer_.get(), receive(0)}, [&](const nlmsghdr& header) {
            if (header.nlmsg_seq != sequence_) {
                return;
            }
            interrupted = interrupted || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            if (header.nlmsg_type == NLMSG_ERROR) {
                done = true;
                if (const int err = -error_of(header).error; err != 0) {
                    throw SysError(err, fmt::format("cannot list from the kernel{}", explanation(header)));
                }
                return;
            }
            if (header.nlmsg_type == NLMSG_DONE) {
                done = true;
                return;
            }
            each(header);
            done = done || (header.nlmsg_flags & NLM_F_MULTI) == 0;
        });
    }
    return !interrupted;
}

void Socket::dump(Message& request, const std::function<void(const nlmsghdr&)>& each,
                  const std::function<void()>& restart) {
    constexpr int tries = 10;
    for (int i = 0; i < tries; ++i) {
        Message* const one[] = {&request};
        send(one);
        if (read_dump(each)) {
            return;
        }
        if (restart) {
            restart();
        }
    }
    throw Error(Errc::system, fmt::format("cannot {}: it changes too quickly to be read", request.what()));
}

void Socket::join(int group) {
    // Without a port of its own the socket would count as the kernel's and be left out of every multicast.
    sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    check(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own),
          [] { return "bind a netlink socket"; });
    check(::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group),
          [&] { return fmt::format("join netlink group {}", group); });
}

void for_each_message(std::string_view datagram, const std::function<void(const nlmsghdr&)>& each) {
    auto* header = reinterpret_cast<nlmsghdr*>(const_cast<char*>(datagram.data()));
    int left = static_cast<int>(datagram.size());
    for (; nlmsg_ok(header, left); header = nlmsg_next(header, &left)) {
        each(*header);
    }
}

}  // namespace stack::net::netlink
