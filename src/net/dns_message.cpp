#include "net/dns_message.hpp"

#include <algorithm>
#include <cstring>

namespace stack::net::dns {
namespace {

constexpr std::uint16_t flag_response = 0x8000, flag_authoritative = 0x0400, flag_truncated = 0x0200,
                        flag_recursion_desired = 0x0100, flag_recursion_available = 0x0080;
constexpr unsigned opcode_shift = 11, opcode_mask = 0x0F;
constexpr size_t at_flags = 2, at_question_count = 4, at_answer_count = 6, at_authority_count = 8,
                 at_additional_count = 10;
constexpr size_t opt_record_size = 11;
/// Long enough for a burst of connections, short enough that a replaced container is found at once.
constexpr std::uint32_t time_to_live_s = 1;

std::uint16_t u16(std::string_view packet, size_t at) noexcept {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(packet[at]) << 8U |
                                      static_cast<unsigned char>(packet[at + 1]));
}

/// Bounds are the caller's: `size` never passes `limit`.
class Writer {
public:
    Writer(std::span<char> out, size_t limit) noexcept : out_{out}, limit_{std::min(limit, out.size())} {}

    size_t size() const noexcept { return size_; }
    size_t room() const noexcept { return limit_ - size_; }
    void bytes(std::string_view text) noexcept {
        std::memcpy(out_.data() + size_, text.data(), text.size());
        size_ += text.size();
    }
    void u8(unsigned value) noexcept { out_[size_++] = static_cast<char>(value); }
    void u16(unsigned value) noexcept {
        u8(value >> 8U & 0xFFU);
        u8(value & 0xFFU);
    }
    void u32(std::uint32_t value) noexcept {
        u16(value >> 16U);
        u16(value & 0xFFFFU);
    }
    void u16_at(size_t at, unsigned value) noexcept {
        out_[at] = static_cast<char>(value >> 8U & 0xFFU);
        out_[at + 1] = static_cast<char>(value & 0xFFU);
    }
    void flag_at(size_t at, unsigned flag) noexcept {
        u16_at(at, (static_cast<unsigned char>(out_[at]) << 8U | static_cast<unsigned char>(out_[at + 1])) | flag);
    }

private:
    std::span<char> out_;
    size_t limit_;
    size_t size_{0};
};

/// Header and question; the counts of the other sections are 0.
void write_head(Writer& out, std::string_view packet, const Query& query, Rcode rcode, bool authoritative) noexcept {
    unsigned flags = flag_response | flag_recursion_available | static_cast<unsigned>(rcode) |
                     static_cast<unsigned>(query.opcode) << opcode_shift;
    flags |= authoritative ? flag_authoritative : 0U;
    flags |= query.recursion_desired ? flag_recursion_desired : 0U;
    out.u16(query.id);
    out.u16(flags);
    out.u16(query.question_end != 0 ? 1 : 0);
    out.u16(0);
    out.u16(0);
    out.u16(0);
    if (query.question_end != 0) {
        out.bytes(packet.substr(header_size, query.question_end - header_size));
    }
}

void write_opt(Writer& out, const Query& query) noexcept {
    if (!query.edns) {
        return;
    }
    out.u8(0);  // the root
    out.u16(type_opt);
    out.u16(own_udp_size);
    // Extended rcode, version 0, flags. 16 is BADVERS: its upper bits stand here.
    out.u32(query.edns_version == 0 ? 0U : 1U << 24U);
    out.u16(0);
    out.u16_at(at_additional_count, 1);
}

void write_record_head(Writer& out, std::uint16_t type, size_t size) noexcept {
    out.u16(0xC000U | header_size);  // the question's name (RFC 1035 4.1.4)
    out.u16(type);
    out.u16(class_in);
    out.u32(time_to_live_s);
    out.u16(static_cast<unsigned>(size));
}

bool fits_type(const IpAddress& address, std::uint16_t type) noexcept {
    return type == type_any || type == (address.is_v6() ? type_aaaa : type_a);
}

bool is_host_byte(unsigned char byte) noexcept {
    return byte > ' ' && byte < 0x7F && byte != '.';
}

/// The question's name. Compression has nothing to point at there, so a pointer is an error. False: malformed.
bool parse_name(std::string_view packet, size_t& at, Query& out) noexcept {
    out.plain_name = true;
    size_t wire_size = 1;
    while (true) {
        if (at >= packet.size()) {
            return false;
        }
        const size_t length = static_cast<unsigned char>(packet[at++]);
        wire_size += length + 1;
        constexpr size_t longest_label = 63, longest_name = 255;
        if (length > longest_label || wire_size > longest_name + 1 || at + length > packet.size()) {
            return false;
        }
        if (length == 0) {
            return true;
        }
        if (out.name_size != 0) {
            out.name_buffer[out.name_size++] = '.';
        }
        for (size_t i = 0; i < length; ++i) {
            const auto byte = static_cast<unsigned char>(packet[at++]);
            out.plain_name = out.plain_name && is_host_byte(byte);
            out.name_buffer[out.name_size++] =
                static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
        }
    }
}

/// Passes over a record's name; compressed ones end with their pointer.
bool skip_name(std::string_view packet, size_t& at) noexcept {
    while (at < packet.size()) {
        const auto length = static_cast<unsigned char>(packet[at]);
        if (length >= 0xC0U) {
            at += 2;
            return at <= packet.size();
        }
        at += size_t{1} + length;
        if (length == 0) {
            return at <= packet.size();
        }
    }
    return false;
}

/// Looks for OPT among `records` records from `at`. False: malformed.
bool parse_additional(std::string_view packet, size_t at, unsigned records, Query& out) noexcept {
    constexpr size_t fixed = 10;
    for (unsigned i = 0; i < records; ++i) {
        if (!skip_name(packet, at) || at + fixed > packet.size()) {
            return false;
        }
        const std::uint16_t type = u16(packet, at);
        if (type == type_opt) {
            out.edns = true;
            out.udp_size = std::clamp(size_t{u16(packet, at + 2)}, plain_udp_size, own_udp_size);
            out.edns_version = static_cast<std::uint8_t>(packet[at + 5]);
        }
        at += fixed + u16(packet, at + 8);
        if (at > packet.size()) {
            return false;
        }
    }
    return true;
}

std::optional<IpAddress> reverse_v4(std::string_view labels) noexcept {
    std::uint32_t address = 0;
    unsigned octets = 0;
    for (size_t start = 0; start <= labels.size();) {
        const size_t end = std::min(labels.find('.', start), labels.size());
        unsigned value = 0;
        if (end == start || end - start > 3 || octets == 4) {
            return std::nullopt;
        }
        for (size_t i = start; i < end; ++i) {
            if (labels[i] < '0' || labels[i] > '9') {
                return std::nullopt;
            }
            value = value * 10 + static_cast<unsigned>(labels[i] - '0');
        }
        if (value > 255) {
            return std::nullopt;
        }
        address |= value << (8U * octets++);
        start = end + 1;
    }
    return octets == 4 ? std::optional{IpAddress::v4(address)} : std::nullopt;
}

std::optional<IpAddress> reverse_v6(std::string_view labels) noexcept {
    constexpr size_t nibbles = 32;
    if (labels.size() != nibbles * 2 - 1) {
        return std::nullopt;
    }
    std::array<std::uint8_t, 16> bytes{};
    for (size_t i = 0; i < nibbles; ++i) {
        const char digit = labels[i * 2];
        const bool decimal = digit >= '0' && digit <= '9';
        if ((!decimal && (digit < 'a' || digit > 'f')) || (i + 1 < nibbles && labels[i * 2 + 1] != '.')) {
            return std::nullopt;
        }
        const unsigned value = static_cast<unsigned>(decimal ? digit - '0' : digit - 'a' + 10);
        bytes[15 - i / 2] |= static_cast<std::uint8_t>(i % 2 == 0 ? value : value << 4U);
    }
    return IpAddress::v6(bytes);
}

}  // namespace

ParseResult parse_query(std::string_view packet, Query& out) noexcept {
    out = Query{};
    if (packet.size() < header_size || (u16(packet, at_flags) & flag_response) != 0) {
        return ParseResult::ignore;
    }
    const std::uint16_t flags = u16(packet, at_flags);
    out.id = u16(packet, 0);
    out.opcode = static_cast<std::uint8_t>(flags >> opcode_shift & opcode_mask);
    out.recursion_desired = (flags & flag_recursion_desired) != 0;
    if (u16(packet, at_question_count) != 1 || u16(packet, at_answer_count) != 0 ||
        u16(packet, at_authority_count) != 0) {
        return ParseResult::format_error;
    }
    size_t at = header_size;
    if (!parse_name(packet, at, out) || at + 4 > packet.size()) {
        return ParseResult::format_error;
    }
    out.type = u16(packet, at);
    out.qclass = u16(packet, at + 2);
    at += 4;
    if (!parse_additional(packet, at, u16(packet, at_additional_count), out)) {
        return ParseResult::format_error;
    }
    out.question_end = at;
    return ParseResult::good;
}

std::optional<IpAddress> parse_reverse_name(std::string_view name) noexcept {
    constexpr std::string_view v4 = ".in-addr.arpa", v6 = ".ip6.arpa";
    if (name.ends_with(v4)) {
        return reverse_v4(name.substr(0, name.size() - v4.size()));
    }
    if (name.ends_with(v6)) {
        return reverse_v6(name.substr(0, name.size() - v6.size()));
    }
    return std::nullopt;
}

size_t write_addresses(std::string_view packet, const Query& query, std::span<const IpAddress> addresses, size_t first,
                       size_t limit, std::span<char> out) noexcept {
    Writer writer{out, limit};
    write_head(writer, packet, query, Rcode::no_error, true);
    const size_t kept = query.edns ? opt_record_size : 0;
    unsigned count = 0;
    for (size_t i = 0; i < addresses.size(); ++i) {
        const IpAddress& address = addresses[(first + i) % addresses.size()];
        if (!fits_type(address, query.type)) {
            continue;
        }
        constexpr size_t record_head = 12;
        if (writer.room() < record_head + address.bytes().size() + kept) {
            writer.flag_at(at_flags, flag_truncated);
            break;
        }
        write_record_head(writer, address.is_v6() ? type_aaaa : type_a, address.bytes().size());
        writer.bytes(address.bytes());
        ++count;
    }
    writer.u16_at(at_answer_count, count);
    write_opt(writer, query);
    return writer.size();
}

namespace {

/// Labels of 1 to 63 bytes, 253 in all.
bool is_wire_name(std::string_view name) noexcept {
    constexpr size_t longest = 253, longest_label = 63;
    for (size_t start = 0; start <= name.size();) {
        const size_t end = std::min(name.find('.', start), name.size());
        if (end == start || end - start > longest_label) {
            return false;
        }
        start = end + 1;
    }
    return name.size() <= longest;
}

}  // namespace

size_t write_name(std::string_view packet, const Query& query, std::string_view name, size_t limit,
                  std::span<char> out) noexcept {
    Writer writer{out, limit};
    write_head(writer, packet, query, Rcode::no_error, true);
    const size_t wire_size = name.size() + 2;
    constexpr size_t record_head = 12;
    if (is_wire_name(name) && writer.room() >= record_head + wire_size + opt_record_size) {
        write_record_head(writer, type_ptr, wire_size);
        for (size_t start = 0; start <= name.size();) {
            const size_t end = std::min(name.find('.', start), name.size());
            writer.u8(static_cast<unsigned>(end - start));
            writer.bytes(name.substr(start, end - start));
            start = end + 1;
        }
        writer.u8(0);
        writer.u16_at(at_answer_count, 1);
    }
    write_opt(writer, query);
    return writer.size();
}

size_t write_empty(std::string_view packet, const Query& query, Rcode rcode, std::span<char> out) noexcept {
    Writer writer{out, out.size()};
    write_head(writer, packet, query, rcode, false);
    write_opt(writer, query);
    return writer.size();
}

size_t write_truncated(std::string_view packet, const Query& query, std::span<char> out) noexcept {
    Writer writer{out, out.size()};
    write_head(writer, packet, query, Rcode::no_error, false);
    writer.flag_at(at_flags, flag_truncated);
    write_opt(writer, query);
    return writer.size();
}

bool answers(std::string_view query, std::string_view reply) noexcept {
    Query asked;
    if (parse_query(query, asked) != ParseResult::good || reply.size() < asked.question_end ||
        (u16(reply, at_flags) & flag_response) == 0 || u16(reply, at_question_count) != 1) {
        return false;
    }
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return std::equal(query.begin() + header_size, query.begin() + static_cast<std::ptrdiff_t>(asked.question_end),
                      reply.begin() + header_size, [&](char a, char b) { return lower(a) == lower(b); });
}

Rcode rcode_of(std::string_view reply) noexcept {
    return static_cast<Rcode>(reply[3] & 0x0F);
}

std::uint16_t id_of(std::string_view packet) noexcept {
    return u16(packet, 0);
}

void set_id(std::span<char> packet, std::uint16_t id) noexcept {
    packet[0] = static_cast<char>(id >> 8U);
    packet[1] = static_cast<char>(id & 0xFFU);
}

}  // namespace stack::net::dns
