#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stack::net {

/// An IPv4 or IPv6 address without port or zone. Totally ordered (IPv4 first), so it can be a key.
class IpAddress {
public:
    /// 0.0.0.0
    constexpr IpAddress() noexcept = default;
    static constexpr IpAddress v4(std::uint32_t host_order) noexcept {
        IpAddress out;
        for (unsigned i = 0; i < 4; ++i) {
            out.bytes_[i] = static_cast<std::uint8_t>(host_order >> (24U - 8U * i));
        }
        return out;
    }
    static constexpr IpAddress v6(const std::array<std::uint8_t, 16>& bytes) noexcept {
        IpAddress out;
        out.bytes_ = bytes;
        out.is_v6_ = true;
        return out;
    }
    /// From 4 or 16 bytes in network order.
    static IpAddress from_bytes(std::string_view bytes);
    /// Dotted quad or RFC 4291 text; brackets around IPv6 are accepted.
    static std::optional<IpAddress> find(std::string_view text);
    /// As find(); Errc::invalid_input "'text' is not an IP address".
    static IpAddress parse(std::string_view text);

    bool is_v6() const noexcept { return is_v6_; }
    /// 4 or 16 bytes, network order.
    std::string_view bytes() const noexcept {
        return {reinterpret_cast<const char*>(bytes_.data()), is_v6_ ? size_t{16} : size_t{4}};
    }
    int width() const noexcept { return is_v6_ ? 128 : 32; }
    std::uint32_t to_v4() const noexcept;
    bool is_unspecified() const noexcept;
    bool is_loopback() const noexcept;
    /// Moves by `steps` addresses, wrapping at the end of the address space.
    IpAddress plus(std::uint64_t steps) const noexcept;

    friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

private:
    bool is_v6_{false};
    std::array<std::uint8_t, 16> bytes_{};
};

std::string to_string(const IpAddress& address);

/// A subnet: `base` has all host bits clear.
struct Subnet {
    IpAddress base;
    int prefix{0};

    /// "172.18.0.0/16"; host bits are cleared. Errc::invalid_input.
    static Subnet parse(std::string_view text);
    static Subnet of(const IpAddress& address, int prefix);

    bool contains(const IpAddress& address) const noexcept;
    bool contains(const Subnet& other) const noexcept;
    bool overlaps(const Subnet& other) const noexcept;
    /// The highest address in it (IPv4: the broadcast address).
    IpAddress last() const noexcept;

    friend auto operator<=>(const Subnet&, const Subnet&) = default;
};

std::string to_string(const Subnet& subnet);

struct MacAddress {
    std::array<std::uint8_t, 6> bytes{};

    /// "02:42:ac:11:00:02"; Errc::invalid_input.
    static MacAddress parse(std::string_view text);
    /// 02:42 and the four bytes of an IPv4 address: the same address has the same MAC, so neighbours' caches stay
    /// right.
    static MacAddress from_ipv4(const IpAddress& address);
    static MacAddress random();

    friend auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

std::string to_string(const MacAddress& mac);

}  // namespace stack::net
