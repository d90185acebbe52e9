#include "net/netns.hpp"

#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"

namespace stack::net {
namespace {

constexpr const char* own_netns = "/proc/thread-self/ns/net";

void bring_loopback_up() {
    const UniqueFd socket{check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), [] { return "make a socket"; })};
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    check(::ioctl(socket.get(), SIOCSIFFLAGS, &request), [] { return "bring 'lo' up"; });
}

/// /proc/sys/net shows the namespace of the task that opens the file. Containers can do without these two (older
/// kernels lack the first, 4.11), so a failure is only logged.
void set_container_sysctls() noexcept {
    try {
        write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
        write_file("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
        // Links to come have no IPv6 until their network does (endpoint.cpp); loopback keeps ::1.
        write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    } catch (const Error& error) {
        log_debug("new network namespace: {}", error.what());
    }
}

/// Goes back into the namespace that the thread was in before unshare(2).
class WayBack {
public:
    WayBack() : before_{current_netns()} {}
    WayBack(const WayBack&) = delete;
    WayBack& operator=(const WayBack&) = delete;
    ~WayBack() {
        if (::setns(before_.get(), CLONE_NEWNET) != 0) {
            log_warning("cannot go back to the host's network namespace: {}", std::strerror(errno));
            std::abort();
        }
    }

private:
    UniqueFd before_;
};

}  // namespace

UniqueFd make_netns() {
    const WayBack way_back;
    check(::unshare(CLONE_NEWNET), [] { return "make a network namespace"; });
    UniqueFd made = current_netns();
    bring_loopback_up();
    set_container_sysctls();
    return made;
}

UniqueFd current_netns() {
    return kernel::open_at(AT_FDCWD, own_netns, O_RDONLY);
}

UniqueFd netns_of(int pid) {
    return kernel::open_at(AT_FDCWD, fmt::format("/proc/{}/ns/net", pid), O_RDONLY);
}

InNetns::InNetns(int netns) : before_{current_netns()} {
    kernel::enter_namespace(netns, CLONE_NEWNET);
}

InNetns::~InNetns() {
    if (::setns(before_.get(), CLONE_NEWNET) != 0) {
        log_warning("cannot leave a container's network namespace: {}", std::strerror(errno));
        std::abort();
    }
}

}  // namespace stack::net
