#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stack::net {

/// Whether the host forwarded packets before we made it do so; kept as text in the comment of our nft table, where it
/// lives and dies with what it is about: "ip_forward=0 forwarding6=0 accept_ra=eth0".
class ForwardingRecord {
public:
    static ForwardingRecord parse(std::string_view text);
    std::string text() const;

    /// An older record wins: what it does not know comes from the other.
    void merge(const ForwardingRecord& other);
    /// Fills in what is not known yet.
    void look_at_host(bool ipv6);
    bool covers_ipv6() const noexcept { return ipv6_.has_value(); }

    /// Forwarding on for the families of the record. With IPv6 forwarding a host ignores router advertisements and
    /// would lose its default route; links that listen to them are told to go on (accept_ra=2, ip-sysctl.rst).
    void switch_on() const;
    /// As it was found.
    void put_back() const;

private:
    std::optional<bool> ipv4_, ipv6_;
    std::vector<std::string> accept_ra_;  ///< links with accept_ra=1
};

}  // namespace stack::net
