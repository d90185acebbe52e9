#include "net/address.hpp"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/random.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

std::array<std::uint8_t, 16> to_array(std::string_view bytes) {
    std::array<std::uint8_t, 16> out{};
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

/// `set` false: clears all bits behind the first `prefix` ones; true: sets them.
IpAddress with_host_bits(const IpAddress& address, int prefix, bool set) {
    auto bytes = to_array(address.bytes());
    for (int bit = prefix; bit < address.width(); ++bit) {
        auto& byte = bytes[static_cast<size_t>(bit / 8)];
        const auto mask = static_cast<std::uint8_t>(0x80U >> static_cast<unsigned>(bit % 8));
        byte = static_cast<std::uint8_t>(set ? (byte | mask) : (byte & ~mask));
    }
    return IpAddress::from_bytes({reinterpret_cast<const char*>(bytes.data()), address.bytes().size()});
}

}  // namespace

IpAddress IpAddress::from_bytes(std::string_view bytes) {
    IpAddress out;
    out.is_v6_ = bytes.size() == 16;
    if (!out.is_v6_ && bytes.size() != 4) {
        throw Error(Errc::internal, fmt::format("an address of {} bytes", bytes.size()));
    }
    out.bytes_ = to_array(bytes);
    return out;
}

std::optional<IpAddress> IpAddress::find(std::string_view text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
    }
    const std::string copy{text};
    std::array<char, 16> bytes{};
    if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1) {
        return from_bytes({bytes.data(), 4});
    }
    if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) {
        return from_bytes({bytes.data(), 16});
    }
    return std::nullopt;
}

IpAddress IpAddress::parse(std::string_view text) {
    if (const auto address = find(text)) {
        return *address;
    }
    throw Error(Errc::invalid_input, fmt::format("'{}' is not an IP address", abbreviate(text, 60)));
}

std::uint32_t IpAddress::to_v4() const noexcept {
    std::uint32_t out = 0;
    for (size_t i = 0; i < 4; ++i) {
        out = out << 8U | bytes_[i];
    }
    return out;
}

bool IpAddress::is_unspecified() const noexcept {
    return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_loopback() const noexcept {
    return is_v6_
               ? bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto byte) { return byte == 0; })
               : bytes_[0] == 127;
}

IpAddress IpAddress::plus(std::uint64_t steps) const noexcept {
    IpAddress out = *this;
    std::uint64_t carry = steps;
    for (size_t i = is_v6_ ? 16 : 4; i-- > 0 && carry != 0;) {
        const std::uint64_t sum = out.bytes_[i] + (carry & 0xFFU);
        out.bytes_[i] = static_cast<std::uint8_t>(sum);
        carry = (carry >> 8U) + (sum >> 8U);
    }
    return out;
}

std::string to_string(const IpAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(address.is_v6() ? AF_INET6 : AF_INET, address.bytes().data(), text.data(), text.size());
    return text.data();
}

Subnet Subnet::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = slash == std::string_view::npos ? std::nullopt : IpAddress::find(text.substr(0, slash));
    const auto prefix = address ? parse_uint(text.substr(slash + 1)) : std::nullopt;
    if (!prefix || *prefix > static_cast<std::uint64_t>(address->width())) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is not a subnet like 172.28.0.0/16", abbreviate(text, 60)));
    }
    return of(*address, static_cast<int>(*prefix));
}

Subnet Subnet::of(const IpAddress& address, int prefix) {
    return {with_host_bits(address, prefix, false), prefix};
}

bool Subnet::contains(const IpAddress& address) const noexcept {
    return address.is_v6() == base.is_v6() && with_host_bits(address, prefix, false) == base;
}

bool Subnet::contains(const Subnet& other) const noexcept {
    return other.prefix >= prefix && contains(other.base);
}

bool Subnet::overlaps(const Subnet& other) const noexcept {
    return contains(other) || other.contains(*this);
}

IpAddress Subnet::last() const noexcept {
    return with_host_bits(base, prefix, true);
}

std::string to_string(const Subnet& subnet) {
    return fmt::format("{}/{}", to_string(subnet.base), subnet.prefix);
}

MacAddress MacAddress::parse(std::string_view text) {
    const auto fields = split(text, text.find('-') != std::string_view::npos ? '-' : ':');
    MacAddress out;
    bool good = fields.size() == out.bytes.size();
    for (size_t i = 0; good && i < fields.size(); ++i) {
        const auto byte = parse_uint(fields[i], 16);
        good = byte && *byte <= 0xFF && fields[i].size() <= 2;
        out.bytes[i] = static_cast<std::uint8_t>(byte.value_or(0));
    }
    if (!good) {
        throw Error(Errc::invalid_input,
                    fmt::format("'{}' is not a MAC address like 02:42:ac:11:00:02", abbreviate(text, 60)));
    }
    if ((out.bytes[0] & 1U) != 0) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is a multicast MAC address", text))
            .hint("the first byte of an interface's own address is even");
    }
    return out;
}

MacAddress MacAddress::from_ipv4(const IpAddress& address) {
    MacAddress out{{0x02, 0x42}};
    std::memcpy(out.bytes.data() + 2, address.bytes().data(), 4);
    return out;
}

MacAddress MacAddress::random() {
    MacAddress out{{0x02, 0x42}};
    check(::getrandom(out.bytes.data() + 2, 4, 0), [] { return "get random bytes"; });
    return out;
}

std::string to_string(const MacAddress& mac) {
    const auto& b = mac.bytes;
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4], b[5]);
}

}  // namespace stack::net
