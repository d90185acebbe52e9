#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/netlink/socket.hpp"

namespace stack::net {

/// A link as rules name it: the whole name, or the beginning of names.
struct LinkPattern {
    std::string name;
    bool is_prefix{false};
};

/// Rules in the only chains of others that we touch. Docker and ufw set the policy of FORWARD to DROP, and an accept in
/// our own table does not outweigh a drop elsewhere; DOCKER-USER, ufw-user-forward and ufw6-user-forward are the places
/// that they leave to others for this. With bridge-nf-call-iptables=1 even packets inside one of our bridges pass
/// there.
///
/// Makes the rules with this mark (their comment) exactly those that let these links through, in each of the tables
/// `ip filter` and `ip6 filter` that has such a chain; none where it has not. An empty list takes them all out. What is
/// let through there is still judged by our own table.
void let_through_others(netlink::Socket& nfnetlink, const std::string& mark, const std::vector<LinkPattern>& links);

/// Whether let_through_others() puts rules into chains of this name.
bool is_chain_for_users(std::string_view name) noexcept;

}  // namespace stack::net
