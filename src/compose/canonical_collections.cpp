#include <algorithm>

#include <fmt/format.h>

#include "compose/canonical_values.hpp"
#include "compose/short_forms.hpp"
#include "support/text.hpp"

namespace stack::compose::canonical {

namespace {

// Splits "NAME=VALUE" entries into members; an entry without '=' has the value `missing`.
Node pairs(const Node& list, const Node& missing) {
    Node out = Node::mapping(list.mark);
    for (const Node& item : list.items()) {
        if (!item.is_scalar()) {
            continue;
        }
        const std::size_t equals = item.text.find('=');
        Node value = missing;
        if (equals != std::string::npos) {
            value = Node::string(item.text.substr(equals + 1));
        }
        value.mark = item.mark;
        out.set(item.text.substr(0, equals), std::move(value), item.mark);
    }
    return out;
}

void texts_of_members(Node& node) {
    for (Member& member : node.members()) {
        Node& value = member.value;
        if (value.kind == Kind::boolean) {
            value.text = *value.as_bool() ? "true" : "false";
        } else if (value.kind == Kind::real && value.as_real()) {
            value.text = Node::real(*value.as_real()).text;
        } else if (value.kind == Kind::integer && value.as_integer()) {
            value.text = std::to_string(*value.as_integer());
        }
        if (value.is_scalar() && !value.is_null()) {
            value.kind = Kind::string;
        }
    }
}

}  // namespace

bool list(Node& node, const Path&, Findings&) {
    return node.is_sequence() && !node.empty();
}

bool list_of_one(Node& node, const Path& path, Findings& findings) {
    if (node.is_string() || node.is_mapping()) {
        Node wrapped = Node::sequence(node.mark);
        wrapped.push_back(std::move(node));
        node = std::move(wrapped);
    }
    return list(node, path, findings);
}

bool strings(Node& node, const Path& path, Findings& findings) {
    if (node.is_scalar() && !node.text.empty()) {
        Node wrapped = Node::sequence(node.mark);
        wrapped.push_back(std::move(node));
        node = std::move(wrapped);
    }
    if (!list(node, path, findings)) {
        return false;
    }
    for (Node& item : node.items()) {
        if (item.is_scalar() && !item.is_null()) {
            item.kind = Kind::string;
        }
    }
    return true;
}

bool command(Node& node, const Path& path, Findings& findings) {
    if (node.is_null()) {
        return false;
    }
    if (node.is_string()) {
        node = split_command(node, path, findings);
    }
    return true;  // an empty list clears the image's
}

bool health_test(Node& node, const Path& path, Findings& findings) {
    if (node.is_string()) {
        Node words = Node::sequence(node.mark);
        words.push_back(Node::string("CMD-SHELL", node.mark));
        words.push_back(std::move(node));
        node = std::move(words);
        return true;
    }
    if (!list(node, path, findings)) {
        return false;
    }
    const std::string& first = node.items().front().text;
    if (first != "CMD" && first != "CMD-SHELL" && first != "NONE") {
        findings.error(
            node.items().front().mark, path / 0,
            fmt::format("healthcheck test of {} begins with '{}', not with CMD, CMD-SHELL or NONE", owner_of(path),
                        abbreviate(first, 100)),
            fmt::format("write [\"CMD\", \"{}\", …], or the whole command as one string", abbreviate(first, 100)));
    }
    return true;
}

bool map(Node& node, const Path&, Findings&) {
    return node.is_mapping() && !node.empty();
}

bool structure(Node& node, const Path& path, Findings&) {
    if (node.is_null() && path.depth() == 2 && path.step(0) != "services") {
        node = Node::mapping(node.mark);  // `volumes: {data: }` declares it with nothing to say
    }
    return !node.is_null();
}

bool structure_or_nothing(Node& node, const Path& path, Findings&) {
    return node.is_mapping() && (!node.empty() || path.depth() == 1);
}

bool named_structures(Node& node, const Path&, Findings&) {
    if (node.is_sequence()) {
        Node out = Node::mapping(node.mark);
        for (const Node& item : node.items()) {
            if (item.is_scalar() && !item.is_null()) {
                out.set(item.text, Node{item.mark}, item.mark);
            }
        }
        node = std::move(out);
    }
    return node.is_mapping() && !node.empty();
}

bool string_map(Node& node, const Path& path, Findings& findings) {
    if (node.is_sequence()) {
        node = pairs(node, Node::string(""));
    }
    if (!map(node, path, findings)) {
        return false;
    }
    texts_of_members(node);
    for (Member& member : node.members()) {
        if (member.value.is_null()) {
            member.value.kind = Kind::string;
            member.value.text.clear();
        }
    }
    return true;
}

bool optional_string_map(Node& node, const Path& path, Findings& findings) {
    if (node.is_sequence()) {
        node = pairs(node, Node{});
    }
    if (!map(node, path, findings)) {
        return false;
    }
    texts_of_members(node);
    return true;
}

bool ssh_keys(Node& node, const Path& path, Findings& findings) {
    if (node.is_mapping()) {
        Node out = Node::sequence(node.mark);
        for (const Member& member : node.members()) {
            out.push_back(Node::string(member.value.is_null() || member.value.text.empty()
                                           ? member.key
                                           : fmt::format("{}={}", member.key, member.value.text),
                                       member.key_mark));
        }
        node = std::move(out);
    }
    return list(node, path, findings);
}

namespace {

std::string without_brackets(std::string address) {
    if (address.starts_with('[') && address.ends_with(']')) {
        return address.substr(1, address.size() - 2);
    }
    return address;
}

// "1.1.1.1,2.2.2.2" are two addresses of the same host.
void add_host(Node& out, const std::string& host, const Node& addresses) {
    for (const std::string_view address : split(addresses.text, ',')) {
        out.push_back(
            Node::string(fmt::format("{}={}", host, without_brackets(std::string{trim(address)})), addresses.mark));
    }
}

}  // namespace

bool hosts(Node& node, const Path& path, Findings& findings) {
    Node out = Node::sequence(node.mark);
    for (const Member& member : node.members()) {
        if (member.value.is_sequence()) {
            for (const Node& address : member.value.items()) {
                add_host(out, member.key, address);
            }
        } else {
            add_host(out, member.key, member.value);
        }
    }
    for (const Node& item : node.items()) {
        const std::size_t split_at = std::min(item.text.find('='), item.text.find(':'));
        if (split_at == std::string::npos || split_at == 0) {
            findings.error(
                item.mark, path,
                fmt::format("extra host '{}' of {} has no address", abbreviate(item.text, 100), owner_of(path)),
                "write NAME=ADDRESS");
            continue;
        }
        add_host(out, std::string{trim(item.text.substr(0, split_at))},
                 Node::string(std::string{trim(item.text.substr(split_at + 1))}, item.mark));
    }
    const auto host_of = [](const Node& entry) { return std::string_view{entry.text}.substr(0, entry.text.find('=')); };
    std::stable_sort(out.items().begin(), out.items().end(),
                     [&](const Node& a, const Node& b) { return host_of(a) < host_of(b); });
    node = std::move(out);
    return list(node, path, findings);
}

}  // namespace stack::compose::canonical
