#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "net/address.hpp"

/// DNS packets (RFC 1035, EDNS0: RFC 6891). Pure, without allocation, for packets of any content.
namespace stack::net::dns {

constexpr std::uint16_t type_a = 1, type_ptr = 12, type_aaaa = 28, type_opt = 41, type_any = 255;
constexpr std::uint16_t class_in = 1;
enum class Rcode : std::uint8_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    no_such_name = 3,
    not_implemented = 4,
    refused = 5
};

constexpr size_t header_size = 12;
/// What a reply may have without EDNS0 (RFC 1035 2.3.4).
constexpr size_t plain_udp_size = 512;
/// What we say that we take and give by UDP: the way is loopback, whose MTU is larger.
constexpr size_t own_udp_size = 4096;

/// The question of a query.
struct Query {
    std::uint16_t id{0};
    std::uint16_t type{0}, qclass{0};
    std::uint8_t opcode{0};
    bool recursion_desired{false};
    /// The name in lower case with dots between the labels and none at its end; "" is the root. Not set if a label
    /// holds a dot or a byte that no host name has: such a name is none of ours.
    std::array<char, 256> name_buffer{};
    size_t name_size{0};
    bool plain_name{false};
    /// Where the question ends in the packet.
    size_t question_end{0};
    bool edns{false};
    std::uint8_t edns_version{0};
    /// The largest reply that the client takes by UDP.
    size_t udp_size{plain_udp_size};

    std::string_view name() const noexcept { return {name_buffer.data(), name_size}; }
};

enum class ParseResult {
    good,
    ignore,        ///< shorter than a header, or a response: answering would invite loops
    format_error,  ///< `out` has id and opcode; question_end is 0
};
ParseResult parse_query(std::string_view packet, Query& out) noexcept;

/// The address that a name below in-addr.arpa or ip6.arpa asks for.
std::optional<IpAddress> parse_reverse_name(std::string_view name) noexcept;

/// Writes the reply with the addresses of the asked family (both for ANY), beginning at number `first` and going round.
/// What does not fit into `limit` is left out and TC is set. Returns the reply's size; `out` must hold at least
/// `limit`, and `limit` at least plain_udp_size.
size_t write_addresses(std::string_view packet, const Query& query, std::span<const IpAddress> addresses, size_t first,
                       size_t limit, std::span<char> out) noexcept;
size_t write_name(std::string_view packet, const Query& query, std::string_view name, size_t limit,
                  std::span<char> out) noexcept;
/// A reply without answers. For a query that could not be parsed only the header comes back.
size_t write_empty(std::string_view packet, const Query& query, Rcode rcode, std::span<char> out) noexcept;

/// A reply that only says: ask again by TCP.
size_t write_truncated(std::string_view packet, const Query& query, std::span<char> out) noexcept;

/// Whether `reply` answers the question of `query` (same question section, QR set); ids are not looked at.
bool answers(std::string_view query, std::string_view reply) noexcept;
Rcode rcode_of(std::string_view reply) noexcept;
std::uint16_t id_of(std::string_view packet) noexcept;
void set_id(std::span<char> packet, std::uint16_t id) noexcept;

}  // namespace stack::net::dns
