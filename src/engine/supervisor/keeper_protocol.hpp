#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "support/kernel/unique_fd.hpp"

/// What worker and keeper say to each other over a SOCK_SEQPACKET pair: one Message of fixed size per packet, with
/// descriptors beside it (SCM_RIGHTS). Nothing here is on disk: both ends are the same program.
namespace stack::engine::supervisor {

enum class MessageType : std::uint8_t {
    // worker to keeper
    hello,   ///< hand over what you keep: answered by child…, stored…, handover_end
    launch,  ///< fds: the plan (memfd), then those of LaunchFds that `fd_mask` names. Answered by launched or refused
    launch_exec,   ///< fds: the plan (memfd), then those of ExecFds. Answered likewise
    adopt,         ///< fd: pidfd of a container's process that the keeper has not cloned; `pid`
    forget,        ///< the end of `key` is in the database
    store,         ///< fd: keep it under `key`, in place of an older one
    drop,          ///< close what is kept under `key`
    adopt_worker,  ///< fd: pidfd of the worker that started this keeper; `pid`
    leave,         ///< there is nothing left to keep
    // keeper to worker
    child,   ///< handover: fd: pidfd of process `key`; `ended` tells whether `status` and `end_ns` count
    stored,  ///< handover: fd kept under `key`
    handover_end,
    launched,  ///< fd: pidfd of `pid`
    refused,   ///< clone failed with `err`; `text`
    ended,     ///< process `key` ended: `status` as wait4(2) gives it, or status_known == 0
};

/// Positions in `fd_mask`, and the order in which the descriptors follow.
enum class LaunchFd : std::uint8_t {
    standard_input,
    standard_output,
    standard_error,
    console_socket,
    error_pipe,
    network_namespace,
    pid_namespace,
    ipc_namespace,
    uts_namespace,
    container,  ///< launch_exec: pidfd
    count
};

struct Message {
    MessageType type{MessageType::hello};
    std::uint8_t is_exec{0};  ///< the process is a further one, not a container's first
    std::uint8_t has_ended{0};
    std::uint8_t status_known{0};
    std::uint32_t fd_mask{0};
    std::int32_t pid{0};
    std::int32_t status{0};
    std::int32_t err{0};
    std::int64_t end_ns{0};       ///< wall clock
    std::array<char, 112> key{};  ///< 64 hex digits of a container or exec, or "<container>/<what>"
    std::array<char, 200> text{};

    std::string_view key_view() const noexcept { return key.data(); }
    std::string_view text_view() const noexcept { return text.data(); }
    /// Cut to what fits.
    void set_key(std::string_view value) noexcept;
    void set_text(std::string_view value) noexcept;
};

constexpr size_t most_fds = static_cast<size_t>(LaunchFd::count) + 1;

/// A message as it came, with its descriptors in a fixed place: reading allocates nothing.
struct Received {
    Message message;
    std::array<UniqueFd, most_fds> fds;
};

/// False (and errno) if it could not be sent: EPIPE when the other side is gone, EAGAIN on a full socket.
bool send_message(int socket, const Message& message, const int* fds = nullptr, size_t fd_count = 0) noexcept;

enum class Receive { message, nothing, closed };
Receive receive_message(int socket, Received& received) noexcept;

}  // namespace stack::engine::supervisor
