#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "net/netlink/message.hpp"
#include "support/kernel/unique_fd.hpp"

struct nlmsghdr;

namespace stack::net::netlink {

/// A netlink socket of the namespace that the thread is in when it is made. Requests go out in batches: one sendmsg(2),
/// then the answers are read. Not thread-safe.
class Socket {
public:
    /// NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_SOCK_DIAG.
    explicit Socket(int protocol);

    int fd() const noexcept { return socket_.get(); }
    /// The bare socket, for an event loop.
    UniqueFd take() noexcept { return std::move(socket_); }

    /// Sends the messages, several at once. The kernel carries all of them out one after another, also after a failure.
    /// Throws the first failure that its message does not tolerate, as SysError with the kernel's own explanation.
    void execute(std::span<Message> batch);
    void execute(Message&& message) { execute(std::span{&message, 1}); }

    /// For nfnetlink: BATCH_BEGIN, the messages, BATCH_END; all of them or none.
    void execute_transaction(std::span<Message> batch, std::uint8_t subsystem);

    /// A request with NLM_F_DUMP (or one that is answered by one message): `each` gets every message of the answer.
    /// A dump that the kernel marks as interrupted by a change is repeated from the start; `restart` is called then.
    void dump(Message& request, const std::function<void(const nlmsghdr&)>& each,
              const std::function<void()>& restart = {});

    /// Joins a multicast group.
    void join(int group);

private:
    void execute_part(std::span<Message> batch);
    std::uint32_t send(std::span<Message* const> messages);
    size_t receive(int flags);
    bool read_dump(const std::function<void(const nlmsghdr&)>& each);

    UniqueFd socket_;
    std::uint32_t sequence_{0};
    std::unique_ptr<char[]> buffer_;  ///< not zeroed: most answers touch its first page only
};

/// Walks the messages in what recv(2) gave.
void for_each_message(std::string_view datagram, const std::function<void(const nlmsghdr&)>& each);

}  // namespace stack::net::netlink
