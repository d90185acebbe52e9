#include "net/dns_message.hpp"

#include <array>
#include <string>

#include <catch2/catch.hpp>

using namespace stack::net;
using namespace stack::net::dns;

namespace {

std::string wire_name(std::string_view name) {
    std::string out;
    while (!name.empty()) {
        const auto label = name.substr(0, name.find('.'));
        out += static_cast<char>(label.size());
        out += label;
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return out + '\0';
}

std::string u16(unsigned value) {
    return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xFFU)};
}

std::string question(std::string_view name, unsigned type) {
    return u16(0x1234) + u16(0x0100) + u16(1) + u16(0) + u16(0) + u16(0) + wire_name(name) + u16(type) + u16(class_in);
}

std::string with_edns(std::string packet, unsigned size) {
    packet[11] = 1;
    return packet + '\0' + u16(type_opt) + u16(size) + u16(0) + u16(0) + u16(0);
}

struct Reply {
    std::array<char, 4096> bytes{};
    size_t size{0};
    std::string_view text() const { return {bytes.data(), size}; }
    unsigned at(size_t place) const {
        return static_cast<unsigned char>(bytes[place]) << 8U | static_cast<unsigned char>(bytes[place + 1]);
    }
    unsigned answers() const { return at(6); }
    bool truncated() const { return (at(2) & 0x0200U) != 0; }
};

}  // namespace

TEST_CASE("a question is read with its name in lower case", "[net][dns]") {
    Query query;
    REQUIRE(parse_query(question("WWW.Example.org", type_aaaa), query) == ParseResult::good);
    CHECK(query.name() == "www.example.org");
    CHECK(query.type == type_aaaa);
    CHECK(query.id == 0x1234);
    CHECK(query.recursion_desired);
    CHECK_FALSE(query.edns);
    CHECK(query.udp_size == 512);
    REQUIRE(parse_query(with_edns(question("db", type_a), 1232), query) == ParseResult::good);
    CHECK(query.edns);
    CHECK(query.udp_size == 1232);
    REQUIRE(parse_query(with_edns(question("db", type_a), 65535), query) == ParseResult::good);
    CHECK(query.udp_size == own_udp_size);
}

TEST_CASE("malformed questions are format errors, responses and scraps get no answer", "[net][dns]") {
    Query query;
    const std::string good = question("db.example", type_a);
    for (size_t size = 0; size < good.size(); ++size) {
        INFO(size);
        CHECK(parse_query(good.substr(0, size), query) ==
              (size < header_size ? ParseResult::ignore : ParseResult::format_error));
    }
    std::string response = good;
    response[2] = '\x80';
    CHECK(parse_query(response, query) == ParseResult::ignore);
    std::string two = good;
    two[5] = 2;
    CHECK(parse_query(two, query) == ParseResult::format_error);
    std::string pointer = good;
    pointer[header_size] = '\xc0';
    CHECK(parse_query(pointer, query) == ParseResult::format_error);
    std::string additional = good;
    additional[11] = 1;
    CHECK(parse_query(additional, query) == ParseResult::format_error);
    const std::string label(63, 'a');
    CHECK(parse_query(question(label + '.' + label + '.' + label + '.' + label, type_a), query) ==
          ParseResult::format_error);
    CHECK(parse_query(question(label + '.' + label + '.' + label + '.' + label.substr(2), type_a), query) ==
          ParseResult::good);
    CHECK(query.name().size() == 253);
}

TEST_CASE("a name with bytes that no host name has is none of ours", "[net][dns]") {
    Query query;
    std::string packet = question("d-b", type_a);
    packet[header_size + 2] = '.';
    REQUIRE(parse_query(packet, query) == ParseResult::good);
    CHECK_FALSE(query.plain_name);
}

TEST_CASE("addresses are answered in turn and cut with TC where they do not fit", "[net][dns]") {
    const std::string packet = question("web", type_a);
    Query query;
    REQUIRE(parse_query(packet, query) == ParseResult::good);
    std::vector<IpAddress> addresses;
    for (unsigned i = 0; i < 100; ++i) {
        addresses.push_back(IpAddress::v4(0xAC120002U + i));
    }
    addresses.push_back(IpAddress::parse("fd00::1"));
    Reply reply;
    reply.size = write_addresses(packet, query, std::span{addresses}.first(2), 1, query.udp_size, reply.bytes);
    CHECK(reply.answers() == 2);
    CHECK_FALSE(reply.truncated());
    CHECK(answers(packet, reply.text()));
    CHECK(reply.bytes[reply.size - 1] == 2);  // 172.18.0.2 is the last one now
    reply.size = write_addresses(packet, query, addresses, 0, query.udp_size, reply.bytes);
    CHECK(reply.truncated());
    CHECK(reply.size <= 512);
    CHECK(reply.answers() == (512 - query.question_end) / 16);
    reply.size = write_addresses(packet, query, addresses, 0, 4096, reply.bytes);
    CHECK(reply.answers() == 100);
    query.type = type_any;
    reply.size = write_addresses(packet, query, addresses, 0, 4096, reply.bytes);
    CHECK(reply.answers() == 101);
    query.type = 15;  // MX: the name is known, there is no such data
    reply.size = write_addresses(packet, query, addresses, 0, 4096, reply.bytes);
    CHECK(reply.answers() == 0);
    CHECK(rcode_of(reply.text()) == Rcode::no_error);
}

TEST_CASE("reverse names are read, and nothing else is taken for one", "[net][dns]") {
    CHECK(parse_reverse_name("2.0.18.172.in-addr.arpa") == IpAddress::parse("172.18.0.2"));
    CHECK(parse_reverse_name("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa") ==
          IpAddress::parse("fd00:1::2"));
    for (const char* name : {"in-addr.arpa", ".in-addr.arpa", "18.172.in-addr.arpa", "1.2.0.18.172.in-addr.arpa",
                             "256.0.18.172.in-addr.arpa", "a.0.18.172.in-addr.arpa", "2..18.172.in-addr.arpa",
                             "2.0.18.172.in-addr.arpa.org", "2.ip6.arpa", "1234.0.18.172.in-addr.arpa"}) {
        INFO(name);
        CHECK_FALSE(parse_reverse_name(name));
    }
}

TEST_CASE("a PTR answer holds the name, and one that does not fit the wire is left out", "[net][dns]") {
    const std::string packet = question("2.0.18.172.in-addr.arpa", type_ptr);
    Query query;
    REQUIRE(parse_query(packet, query) == ParseResult::good);
    Reply reply;
    reply.size = write_name(packet, query, "blog-db-1.blog_default", 512, reply.bytes);
    CHECK(reply.answers() == 1);
    CHECK(reply.text().ends_with(wire_name("blog-db-1.blog_default")));
    for (const std::string& name : {std::string(64, 'a'), std::string{"a..b"}, std::string{}}) {
        reply.size = write_name(packet, query, name, 512, reply.bytes);
        CHECK(reply.answers() == 0);
    }
}

TEST_CASE("only the answer to the question that was asked counts", "[net][dns]") {
    const std::string asked = question("Example.org", type_a);
    std::string reply = question("example.ORG", type_a);
    CHECK_FALSE(answers(asked, reply));  // it is no response
    reply[2] = '\x81';
    CHECK(answers(asked, reply));
    std::string other = question("example.com", type_a);
    other[2] = '\x81';
    CHECK_FALSE(answers(asked, other));
    CHECK_FALSE(answers(asked, reply.substr(0, 20)));
    CHECK_FALSE(answers(asked, {}));
}
