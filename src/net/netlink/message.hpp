#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct nl_msg;

namespace stack::net::netlink {

/// One netlink message in the making (libnl's nl_msg): a family header, then attributes. `what` completes the sentence
/// "cannot …" for the error: "add the bridge 'stk1'".
class Message {
public:
    /// `type` and `flags` as in netlink(7); NLM_F_REQUEST is added. `room` is the most bytes that it may get.
    Message(int type, int flags, std::string what, size_t room = 4096);

    /// The fixed header that follows nlmsghdr: ifinfomsg, ifaddrmsg, rtmsg, nfgenmsg, …
    template <class Header>
    Message& header(const Header& value) {
        return append({reinterpret_cast<const char*>(&value), sizeof value});
    }
    Message& put(int attribute, std::string_view bytes);
    Message& put_u8(int attribute, std::uint8_t value);
    Message& put_u16(int attribute, std::uint16_t value);
    Message& put_u32(int attribute, std::uint32_t value);
    /// nfnetlink wants its numbers in network order.
    Message& put_be32(int attribute, std::uint32_t value);
    Message& put_be64(int attribute, std::uint64_t value);
    /// With the terminating zero.
    Message& put_text(int attribute, const std::string& text);
    /// Attributes that `body` puts lie inside `attribute`.
    template <class Body>
    Message& nest(int attribute, Body&& body) {
        void* start = start_nest(attribute);
        std::forward<Body>(body)(*this);
        end_nest(start);
        return *this;
    }
    /// As nest(), beginning with a fixed header (VETH_INFO_PEER).
    Message& append(std::string_view bytes);

    /// An errno that counts as success: EEXIST for "make sure".
    Message& tolerate(int err) {
        tolerated_.push_back(err);
        return *this;
    }
    bool tolerates(int err) const noexcept;
    const std::string& what() const noexcept { return what_; }
    nl_msg* raw() const noexcept { return message_.get(); }

private:
    void* start_nest(int attribute);
    void end_nest(void* start);
    struct Free {
        void operator()(nl_msg* message) const noexcept;
    };
    std::unique_ptr<nl_msg, Free> message_;
    std::string what_;
    std::vector<int> tolerated_;
};

}  // namespace stack::net::netlink
