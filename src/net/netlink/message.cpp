#include "net/netlink/message.hpp"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <endian.h>
#include <fmt/format.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "support/error.hpp"

namespace stack::net::netlink {

void Message::Free::operator()(nl_msg* message) const noexcept {
    nlmsg_free(message);
}

Message::Message(int type, int flags, std::string what, size_t room)
    : message_{nlmsg_alloc_size(room)}, what_{std::move(what)} {
    if (!message_ || !nlmsg_put(message_.get(), NL_AUTO_PORT, NL_AUTO_SEQ, type, 0, flags | NLM_F_REQUEST)) {
        throw Error(Errc::system, "out of memory for a netlink message");
    }
}

Message& Message::put(int attribute, std::string_view bytes) {
    if (nla_put(message_.get(), attribute, static_cast<int>(bytes.size()), bytes.data()) < 0) {
        throw Error(Errc::internal, fmt::format("cannot {}: the netlink message is full", what_));
    }
    return *this;
}

Message& Message::put_u8(int attribute, std::uint8_t value) {
    return put(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
}

Message& Message::put_u16(int attribute, std::uint16_t value) {
    return put(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
}

Message& Message::put_u32(int attribute, std::uint32_t value) {
    return put(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
}

Message& Message::put_be32(int attribute, std::uint32_t value) {
    return put_u32(attribute, htonl(value));
}

Message& Message::put_be64(int attribute, std::uint64_t value) {
    const std::uint64_t swapped = htobe64(value);
    return put(attribute, {reinterpret_cast<const char*>(&swapped), sizeof swapped});
}

Message& Message::put_text(int attribute, const std::string& text) {
    return put(attribute, {text.c_str(), text.size() + 1});
}

Message& Message::append(std::string_view bytes) {
    if (nlmsg_append(message_.get(), const_cast<char*>(bytes.data()), bytes.size(), NLMSG_ALIGNTO) < 0) {
        throw Error(Errc::internal, fmt::format("cannot {}: the netlink message is full", what_));
    }
    return *this;
}

void* Message::start_nest(int attribute) {
    nlattr* start = nla_nest_start(message_.get(), attribute);
    if (!start) {
        throw Error(Errc::internal, fmt::format("cannot {}: the netlink message is full", what_));
    }
    return start;
}

void Message::end_nest(void* start) {
    // Not nla_nest_end(): it drops an empty nest, which nf_tables needs ("masq" has no attributes).
    nla_nest_end_keep_empty(message_.get(), static_cast<nlattr*>(start));
}

bool Message::tolerates(int err) const noexcept {
    return std::find(tolerated_.begin(), tolerated_.end(), err) != tolerated_.end();
}

}  // namespace stack::net::netlink
