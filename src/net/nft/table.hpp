#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/netlink/message.hpp"
#include "net/netlink/socket.hpp"

/// Tables, chains, sets and elements of nf_tables as messages of one transaction.
namespace stack::net::nft {

using netlink::Message;

/// A type of nft(8)'s: number and bytes (src/datatype.c), so that listings show elements as what they are.
struct Type {
    unsigned number;
    unsigned bytes;
};
constexpr Type ipv4_addr{7, 4}, ipv6_addr{8, 16}, inet_proto{12, 1}, inet_service{13, 2}, link_name{41, 16};

struct Chain {
    std::string name, type;  ///< type: filter, nat
    unsigned hook;           ///< NF_INET_*
    int priority;
};

struct Set {
    std::string name;
    std::vector<Type> key;    ///< several: a concatenation
    std::vector<Type> value;  ///< empty: a set, else a map
    bool intervals{false};    ///< elements are the starts and the ends (first behind) of intervals
};

/// Key and value in the set's own form: concatenated parts, each filled up to 4 bytes (see concatenation()).
struct Element {
    std::string key, value;
    bool end_of_interval{false};
};

std::string concatenation(const std::vector<std::string>& parts);

/// With a comment that lies in the kernel with it (5.10).
Message add_table(const std::string& table, const std::string& comment = {});
struct Table {
    std::string name, comment;
    std::uint64_t handle{0};  ///< of this one: a table of the same name that is made later has another
};
/// The tables of family inet.
std::vector<Table> list_tables(netlink::Socket& socket);
/// With everything in it. ENOENT is tolerated by nobody: within a transaction it would undo the rest.
Message remove_table(const std::string& table);
size_t count_rules(netlink::Socket& socket, const std::string& table);
/// The starts and ends of intervals are elements of their own.
size_t count_elements(netlink::Socket& socket, const std::string& table, const std::string& set);
Message add_chain(const std::string& table, const Chain& chain);
/// `id` is unique within the transaction.
Message add_set(const std::string& table, const Set& set, unsigned id);
/// Elements that are there already are no error, unless a map has another value for the key (EEXIST).
/// Large lists become several messages.
std::vector<Message> add_elements(const std::string& table, const std::string& set,
                                  const std::vector<Element>& elements);
std::vector<Message> remove_elements(const std::string& table, const std::string& set,
                                     const std::vector<Element>& elements);
/// All elements of a set.
Message flush_set(const std::string& table, const std::string& set);

}  // namespace stack::net::nft
