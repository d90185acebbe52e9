#pragma once

#include <utility>

#include "support/kernel/unique_fd.hpp"

namespace stack::net {

/// A new network namespace with loopback up and the sysctls containers expect (unprivileged ports and ping, as Docker
/// sets them). The calling thread is back in its own namespace on return. It lives as long as an fd or a process does.
/// Throws SysError (EPERM without CAP_SYS_ADMIN).
UniqueFd make_netns();

/// The calling thread's namespace.
UniqueFd current_netns();
/// The namespace of a process, by its pid.
UniqueFd netns_of(int pid);

/// The calling thread is in another network namespace for the lifetime of this object. A socket made meanwhile stays
/// in that namespace for good. setns(2) is per thread; `netns` is borrowed.
class [[nodiscard]] InNetns {
public:
    explicit InNetns(int netns);
    InNetns(const InNetns&) = delete;
    InNetns& operator=(const InNetns&) = delete;
    /// Ends the program if there is no way back: going on in the wrong namespace would be worse.
    ~InNetns();

private:
    UniqueFd before_;
};

template <class Body>
decltype(auto) run_in_netns(int netns, Body&& body) {
    const InNetns inside{netns};
    return std::forward<Body>(body)();
}

}  // namespace stack::net
