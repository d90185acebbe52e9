#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/names.hpp"
#include "support/kernel/unique_fd.hpp"

namespace boost::asio {
class io_context;
}

namespace stack::net {

/// 127.0.0.11:53 in a container's namespace. They keep queries waiting while nobody serves them, so whoever holds them
/// over a crash loses no question.
struct DnsSockets {
    UniqueFd udp, tcp;
};
DnsSockets open_dns_sockets(int netns);

struct DnsUpstream {
    IpAddress address;
    std::uint16_t port{53};
    friend bool operator==(const DnsUpstream&, const DnsUpstream&) = default;
};

/// Asks the host's resolvers, from the network namespace it was made in. One per process. Reads `resolv_conf` again
/// when it changes (inotify). Must outlive the servers that use it.
class DnsForwarder {
public:
    explicit DnsForwarder(boost::asio::io_context& loop, std::filesystem::path resolv_conf = "/etc/resolv.conf");
    DnsForwarder(const DnsForwarder&) = delete;
    DnsForwarder& operator=(const DnsForwarder&) = delete;
    ~DnsForwarder();
    /// The host's resolvers as they are now.
    const std::vector<DnsUpstream>& upstreams() const;

    class Impl;
    Impl& impl() noexcept { return *impl_; }

private:
    std::shared_ptr<Impl> impl_;
};

struct DnsServerOptions {
    /// Instead of the host's resolvers (`dns:` of the container).
    std::vector<DnsUpstream> upstreams;
    /// False for containers whose networks are all internal: nothing but their own names is answered.
    bool forward{true};
};

/// The embedded DNS server of one container. Takes the sockets over (give it dup(2)s to keep them). UDP queries for
/// known names are answered in batches (recvmmsg, sendmmsg) without an allocation; all others go to the forwarder.
/// `view` may change between events of the loop. Ends with the object.
class DnsServer {
public:
    DnsServer(boost::asio::io_context& loop, DnsForwarder& forwarder, DnsSockets sockets,
              std::shared_ptr<const NameView> view, DnsServerOptions options = {});
    ~DnsServer();
    DnsServer(DnsServer&&) noexcept;
    DnsServer& operator=(DnsServer&&) noexcept;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace stack::net
