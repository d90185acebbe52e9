#include "compose/read_values.hpp"

#include <limits>

#include "support/duration.hpp"
#include "support/text.hpp"

namespace stack::compose::read {

namespace {

std::optional<std::int64_t> integer(const Node* node) {
    if (node == nullptr) {
        return std::nullopt;
    }
    return node->kind == Kind::integer ? node->as_integer() : parse_int(node->text);
}

template <class Integer>
std::optional<Integer> narrow(const Node* node) {
    const auto value = integer(node);
    if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > std::numeric_limits<Integer>::max()) {
        return std::nullopt;
    }
    return static_cast<Integer>(*value);
}

StringList texts(const Node& list) {
    StringList out;
    out.reserve(list.size());
    for (const Node& item : list.items()) {
        out.push_back(item.text);
    }
    return out;
}

}  // namespace

void into(const Node& node, std::string_view key, std::string& target) {
    if (const Node* value = node.find(key); value != nullptr && value->is_scalar()) {
        target = value->text;
    }
}

void into(const Node& node, std::string_view key, bool& target) {
    if (const Node* value = node.find(key)) {
        target = value->as_bool().value_or(target);
    }
}

void into(const Node& node, std::string_view key, std::optional<bool>& target) {
    if (const Node* value = node.find(key)) {
        target = value->as_bool();
    }
}

void into(const Node& node, std::string_view key, double& target) {
    if (const Node* value = node.find(key)) {
        target = value->as_real().value_or(target);
    }
}

void into(const Node& node, std::string_view key, std::optional<double>& target) {
    if (const Node* value = node.find(key)) {
        target = value->as_real();
    }
}

void into(const Node& node, std::string_view key, std::int64_t& target) {
    target = integer(node.find(key)).value_or(target);
}

void into(const Node& node, std::string_view key, std::optional<std::int64_t>& target) {
    if (const auto value = integer(node.find(key))) {
        target = value;
    }
}

void into(const Node& node, std::string_view key, std::optional<std::uint64_t>& target) {
    if (const auto value = narrow<std::uint64_t>(node.find(key))) {
        target = value;
    }
}

void into(const Node& node, std::string_view key, std::optional<std::uint32_t>& target) {
    if (const auto value = narrow<std::uint32_t>(node.find(key))) {
        target = value;
    }
}

void into(const Node& node, std::string_view key, std::uint16_t& target) {
    target = narrow<std::uint16_t>(node.find(key)).value_or(target);
}

void into(const Node& node, std::string_view key, std::optional<Duration>& target) {
    if (const Node* value = node.find(key)) {
        target = parse_duration(value->text);
    }
}

void into(const Node& node, std::string_view key, StringList& target) {
    if (const Node* value = node.find(key)) {
        target = texts(*value);
    }
}

void into(const Node& node, std::string_view key, std::optional<StringList>& target) {
    if (const Node* value = node.find(key); value != nullptr && value->is_sequence()) {
        target = texts(*value);
    }
}

void into(const Node& node, std::string_view key, StringMap& target) {
    members(node, key, [&](const Member& member) { target.emplace(member.key, member.value.text); });
}

void into(const Node& node, std::string_view key, OptionalStringMap& target) {
    members(node, key, [&](const Member& member) {
        target.emplace(member.key,
                       member.value.is_null() ? std::nullopt : std::optional<std::string>{member.value.text});
    });
}

void into(const Node& node, std::string_view key, std::map<std::string, StringList>& target) {
    members(node, key, [&](const Member& member) { target.emplace(member.key, texts(member.value)); });
    // extra_hosts: a list of NAME=ADDRESS, names may repeat.
    entries(node, key, [&](const Node& item) {
        const std::size_t equals = item.text.find('=');
        target[item.text.substr(0, equals)].push_back(equals == std::string::npos ? "" : item.text.substr(equals + 1));
    });
}

void into(const Node& node, std::string_view key, std::map<std::string, Ulimit>& target) {
    members(node, key, [&](const Member& member) {
        Ulimit limit;
        if (member.value.is_mapping()) {
            into(member.value, "soft", limit.soft);
            into(member.value, "hard", limit.hard);
        } else {
            limit.soft = integer(&member.value).value_or(0);
            limit.hard = limit.soft;
        }
        target.emplace(member.key, limit);
    });
}

void into(const Node& node, std::string_view key, std::vector<FileReference>& target) {
    entries(node, key, [&](const Node& item) {
        FileReference reference;
        reference.mark = item.mark;
        into(item, "source", reference.source);
        into(item, "target", reference.target);
        into(item, "uid", reference.uid);
        into(item, "gid", reference.gid);
        into(item, "mode", reference.mode);
        target.push_back(std::move(reference));
    });
}

}  // namespace stack::compose::read
