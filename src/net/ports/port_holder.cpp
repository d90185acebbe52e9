#include <cstring>

#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netlink/msg.h>

#include "net/netlink/socket.hpp"
#include "net/ports.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

std::uint8_t protocol_number(const std::string& protocol) {
    return protocol == "udp" ? IPPROTO_UDP : protocol == "sctp" ? IPPROTO_SCTP : IPPROTO_TCP;
}

bool meets(const std::optional<IpAddress>& wanted, const inet_diag_msg& socket) {
    const size_t size = socket.idiag_family == AF_INET6 ? 16 : 4;
    const auto bound = IpAddress::from_bytes({reinterpret_cast<const char*>(socket.id.idiag_src), size});
    return !wanted || wanted->is_unspecified() || bound.is_unspecified() || bound == *wanted;
}

/// The inode of a socket that is bound there; listening ones first. 0: none.
std::uint32_t find_inode(const std::optional<IpAddress>& host_ip, std::uint16_t port, const std::string& protocol) {
    constexpr std::uint8_t listening = 10;  // TCP_LISTEN; a bound UDP socket is in state 7
    netlink::Socket socket{NETLINK_SOCK_DIAG};
    std::uint32_t found = 0;
    bool found_listener = false;
    for (const auto family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
        netlink::Message request{SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, "list the sockets"};
        inet_diag_req_v2 body{};
        body.sdiag_family = family;
        body.sdiag_protocol = protocol_number(protocol);
        body.idiag_states = ~0U;
        request.header(body);
        socket.dump(request, [&](const nlmsghdr& message) {
            const auto& one = *static_cast<const inet_diag_msg*>(nlmsg_data(&message));
            if (ntohs(one.id.idiag_sport) != port || one.idiag_inode == 0 || found_listener || !meets(host_ip, one)) {
                return;
            }
            found = one.idiag_inode;
            found_listener = one.idiag_state == listening;
        });
    }
    return found;
}

struct CloseDir {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

bool has_socket(const std::string& pid, const std::string& link) {
    const std::string folder = fmt::format("/proc/{}/fd", pid);
    const std::unique_ptr<DIR, CloseDir> dir{::opendir(folder.c_str())};
    if (!dir) {
        return false;
    }
    char target[64];
    while (const dirent* entry = ::readdir(dir.get())) {
        const ssize_t size = ::readlinkat(::dirfd(dir.get()), entry->d_name, target, sizeof target);
        if (size > 0 && link == std::string_view{target, static_cast<size_t>(size)}) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<PortHolder> find_port_holder(const std::optional<IpAddress>& host_ip, std::uint16_t port,
                                           const std::string& protocol) {
    const std::uint32_t inode = find_inode(host_ip, port, protocol);
    const std::unique_ptr<DIR, CloseDir> processes{inode != 0 ? ::opendir("/proc") : nullptr};
    if (!processes) {
        return std::nullopt;
    }
    const std::string link = fmt::format("socket:[{}]", inode);
    while (const dirent* entry = ::readdir(processes.get())) {
        const auto pid = parse_uint(entry->d_name);
        if (pid && has_socket(entry->d_name, link)) {
            const auto command = find_file(fmt::format("/proc/{}/comm", *pid));
            return PortHolder{static_cast<int>(*pid), std::string{trim(command.value_or("?"))}};
        }
    }
    return std::nullopt;
}

}  // namespace stack::net
