#include "net/nft/table.hpp"

#include <algorithm>

#include <arpa/inet.h>  // before the kernel's in.h, which gives way to it
#include <endian.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

namespace stack::net::nft {
namespace {

constexpr unsigned word = 4;
/// A concatenation's type number is its parts' numbers, six bits each (nft's TYPE_BITS).
constexpr unsigned type_bits = 6;

unsigned type_number(const std::vector<Type>& parts) {
    unsigned out = 0;
    for (const Type& part : parts) {
        out = out << type_bits | part.number;
    }
    return out;
}

unsigned length(const std::vector<Type>& parts) {
    if (parts.size() == 1) {
        return parts.front().bytes;
    }
    unsigned out = 0;
    for (const Type& part : parts) {
        out += (part.bytes + word - 1) / word * word;
    }
    return out;
}

Message message(int type, int flags, std::string what, size_t room = 4096) {
    Message out{NFNL_SUBSYS_NFTABLES << 8 | type, flags, std::move(what), room};
    out.header(nfgenmsg{NFPROTO_INET, NFNETLINK_V0, 0});
    return out;
}

void put_element(Message& list, const Element& element) {
    list.nest(NFTA_LIST_ELEM, [&](Message& one) {
        if (element.end_of_interval) {
            one.put_be32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        }
        one.nest(NFTA_SET_ELEM_KEY, [&](Message& key) { key.put(NFTA_DATA_VALUE, element.key); });
        if (!element.value.empty()) {
            one.nest(NFTA_SET_ELEM_DATA, [&](Message& value) { value.put(NFTA_DATA_VALUE, element.value); });
        }
    });
}

/// A nest's length is a 16-bit number, so lists are cut.
std::vector<Message> element_messages(int type, int flags, const std::string& what, const std::string& table,
                                      const std::string& set, const std::vector<Element>& elements) {
    constexpr size_t most = 400;
    constexpr size_t room_each = 96;
    std::vector<Message> out;
    for (size_t start = 0; start < elements.size(); start += most) {
        const size_t count = std::min(most, elements.size() - start);
        Message one = message(type, flags, fmt::format("{} '{}'", what, set), 256 + count * room_each);
        one.put_text(NFTA_SET_ELEM_LIST_TABLE, table).put_text(NFTA_SET_ELEM_LIST_SET, set);
        one.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&](Message& list) {
            for (size_t i = start; i < start + count; ++i) {
                put_element(list, elements[i]);
            }
        });
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace

std::string concatenation(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) {
        out += part;
        out.resize((out.size() + word - 1) / word * word, '\0');
    }
    return out;
}

Message add_table(const std::string& table, const std::string& comment) {
    Message out = message(NFT_MSG_NEWTABLE, NLM_F_CREATE, fmt::format("make the nft table '{}'", table));
    out.put_text(NFTA_TABLE_NAME, table).put_be32(NFTA_TABLE_FLAGS, 0);
    if (!comment.empty()) {
        // libnftnl's user data: type (0 is the comment), length, text with its terminating zero
        std::string data{'\0', static_cast<char>(comment.size() + 1)};
        data.append(comment.c_str(), comment.size() + 1);
        out.put(NFTA_TABLE_USERDATA, data);
    }
    return out;
}

std::vector<Table> list_tables(netlink::Socket& socket) {
    std::vector<Table> out;
    Message request = message(NFT_MSG_GETTABLE, NLM_F_DUMP, "list the nft tables");
    socket.dump(
        request,
        [&](const nlmsghdr& answer) {
            nlattr* attributes[NFTA_TABLE_MAX + 1] = {};
            nlmsg_parse(const_cast<nlmsghdr*>(&answer), sizeof(nfgenmsg), attributes, NFTA_TABLE_MAX, nullptr);
            Table table;
            table.name = attributes[NFTA_TABLE_NAME] ? nla_get_string(attributes[NFTA_TABLE_NAME]) : "";
            if (const nlattr* data = attributes[NFTA_TABLE_USERDATA]; data && nla_len(data) > 2) {
                table.comment.assign(static_cast<const char*>(nla_data(data)) + 2,
                                     static_cast<size_t>(nla_len(data)) - 3);
            }
            if (const nlattr* handle = attributes[NFTA_TABLE_HANDLE]) {
                table.handle = be64toh(nla_get_u64(handle));
            }
            out.push_back(std::move(table));
        },
        [&] { out.clear(); });
    return out;
}

Message remove_table(const std::string& table) {
    Message out = message(NFT_MSG_DELTABLE, 0, fmt::format("remove the nft table '{}'", table));
    out.put_text(NFTA_TABLE_NAME, table);
    return out;
}

size_t count_rules(netlink::Socket& socket, const std::string& table) {
    size_t count = 0;
    Message request = message(NFT_MSG_GETRULE, NLM_F_DUMP, "list the nft rules");
    request.put_text(NFTA_RULE_TABLE, table);
    socket.dump(
        request, [&](const nlmsghdr&) { ++count; }, [&] { count = 0; });
    return count;
}

size_t count_elements(netlink::Socket& socket, const std::string& table, const std::string& set) {
    size_t count = 0;
    Message request = message(NFT_MSG_GETSETELEM, NLM_F_DUMP, "list the elements of an nft set");
    request.put_text(NFTA_SET_ELEM_LIST_TABLE, table).put_text(NFTA_SET_ELEM_LIST_SET, set);
    socket.dump(
        request,
        [&](const nlmsghdr& answer) {
            nlattr* list =
                nlmsg_find_attr(const_cast<nlmsghdr*>(&answer), sizeof(nfgenmsg), NFTA_SET_ELEM_LIST_ELEMENTS);
            if (list == nullptr) {
                return;
            }
            int left = nla_len(list);
            for (auto* at = static_cast<nlattr*>(nla_data(list)); nla_ok(at, left); at = nla_next(at, &left)) {
                ++count;
            }
        },
        [&] { count = 0; });
    return count;
}

Message add_chain(const std::string& table, const Chain& chain) {
    Message out = message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, fmt::format("make the nft chain '{}'", chain.name));
    out.put_text(NFTA_CHAIN_TABLE, table).put_text(NFTA_CHAIN_NAME, chain.name);
    out.nest(NFTA_CHAIN_HOOK, [&](Message& hook) {
        hook.put_be32(NFTA_HOOK_HOOKNUM, chain.hook);
        hook.put_be32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(chain.priority));
    });
    out.put_text(NFTA_CHAIN_TYPE, chain.type).put_be32(NFTA_CHAIN_POLICY, NF_ACCEPT);
    return out;
}

Message add_set(const std::string& table, const Set& set, unsigned id) {
    Message out = message(NFT_MSG_NEWSET, NLM_F_CREATE, fmt::format("make the nft set '{}'", set.name));
    const unsigned flags =
        (set.value.empty() ? 0U : unsigned{NFT_SET_MAP}) | (set.intervals ? unsigned{NFT_SET_INTERVAL} : 0U);
    out.put_text(NFTA_SET_TABLE, table).put_text(NFTA_SET_NAME, set.name).put_be32(NFTA_SET_FLAGS, flags);
    out.put_be32(NFTA_SET_KEY_TYPE, type_number(set.key)).put_be32(NFTA_SET_KEY_LEN, length(set.key));
    if (!set.value.empty()) {
        out.put_be32(NFTA_SET_DATA_TYPE, type_number(set.value)).put_be32(NFTA_SET_DATA_LEN, length(set.value));
    }
    out.put_be32(NFTA_SET_ID, id);
    if (set.key.size() == 1) {
        // libnftnl's user data: type (0 is the byte order of the key), length, number (1 host, 2 network). Without it
        // nft(8) shows the names of links as "".
        constexpr std::uint32_t host_order = 1, network_order = 2;
        const std::uint32_t order = set.key.front().number == link_name.number ? host_order : network_order;
        std::string data{'\0', static_cast<char>(sizeof order)};
        data.append(reinterpret_cast<const char*>(&order), sizeof order);
        out.put(NFTA_SET_USERDATA, data);
    }
    return out;
}

std::vector<Message> add_elements(const std::string& table, const std::string& set,
                                  const std::vector<Element>& elements) {
    return element_messages(NFT_MSG_NEWSETELEM, NLM_F_CREATE, "add to the nft set", table, set, elements);
}

std::vector<Message> remove_elements(const std::string& table, const std::string& set,
                                     const std::vector<Element>& elements) {
    return element_messages(NFT_MSG_DELSETELEM, 0, "remove from the nft set", table, set, elements);
}

Message flush_set(const std::string& table, const std::string& set) {
    Message out = message(NFT_MSG_DELSETELEM, 0, fmt::format("empty the nft set '{}'", set));
    out.put_text(NFTA_SET_ELEM_LIST_TABLE, table).put_text(NFTA_SET_ELEM_LIST_SET, set);
    return out;
}

}  // namespace stack::net::nft
