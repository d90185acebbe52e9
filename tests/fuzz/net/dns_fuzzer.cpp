// DNS packets: whatever comes, a reply has the question's id, fits its limit, and is a packet that a parser takes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/dns_message.hpp"

using namespace stack::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool good) {
    if (!good) {
        std::abort();
    }
}

/// QR set, the same id, and at least a header.
void check_reply(std::string_view query, const std::vector<char>& out, size_t size, size_t limit) {
    require(size >= dns::header_size && size <= limit);
    const std::string_view reply{out.data(), size};
    require(dns::id_of(reply) == dns::id_of(query));
    require((static_cast<unsigned char>(reply[2]) & 0x80U) != 0);
    dns::Query again;
    require(dns::parse_query(reply, again) == dns::ParseResult::ignore);  // it is a response
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view packet{reinterpret_cast<const char*>(data), size};
    dns::Query query;
    const dns::ParseResult result = dns::parse_query(packet, query);
    if (result == dns::ParseResult::ignore) {
        return 0;
    }
    std::vector<char> out(dns::own_udp_size);
    if (result == dns::ParseResult::format_error) {
        check_reply(packet, out, dns::write_empty(packet, query, dns::Rcode::format_error, out), out.size());
        return 0;
    }
    require(query.question_end <= size && query.name_size < query.name_buffer.size());
    (void)dns::parse_reverse_name(query.name());
    std::vector<IpAddress> addresses;
    for (std::uint32_t i = 0; i < 200; ++i) {
        addresses.push_back(IpAddress::v4(0x0A000000U + i));
        addresses.push_back(IpAddress::v6({0xFD, 0, 0, static_cast<std::uint8_t>(i)}));
    }
    for (const size_t limit : {dns::plain_udp_size, size_t{1232}, dns::own_udp_size}) {
        const size_t written = dns::write_addresses(packet, query, addresses, size % addresses.size(), limit, out);
        check_reply(packet, out, written, limit);
        require(dns::answers(packet, {out.data(), written}));
        check_reply(packet, out, dns::write_name(packet, query, "blog-db-1.blog_default", limit, out), limit);
    }
    check_reply(packet, out, dns::write_empty(packet, query, dns::Rcode::no_such_name, out), out.size());
    check_reply(packet, out, dns::write_truncated(packet, query, out), out.size());
    (void)dns::answers(packet, packet);
    return 0;
}
