#pragma once

#include <optional>
#include <string_view>

#include "compose/model/service.hpp"
#include "compose/node.hpp"

/// Reading typed values from a canonical tree, where each kind of value has one form. What is absent leaves the target
/// as it is.
namespace stack::compose::read {

void into(const Node& node, std::string_view key, std::string& target);
void into(const Node& node, std::string_view key, bool& target);
void into(const Node& node, std::string_view key, std::optional<bool>& target);
void into(const Node& node, std::string_view key, double& target);
void into(const Node& node, std::string_view key, std::optional<double>& target);
void into(const Node& node, std::string_view key, std::int64_t& target);
void into(const Node& node, std::string_view key, std::optional<std::int64_t>& target);
void into(const Node& node, std::string_view key, std::optional<std::uint64_t>& target);
void into(const Node& node, std::string_view key, std::optional<std::uint32_t>& target);
void into(const Node& node, std::string_view key, std::uint16_t& target);
void into(const Node& node, std::string_view key, std::optional<Duration>& target);
void into(const Node& node, std::string_view key, StringList& target);
void into(const Node& node, std::string_view key, std::optional<StringList>& target);
void into(const Node& node, std::string_view key, StringMap& target);
void into(const Node& node, std::string_view key, OptionalStringMap& target);
void into(const Node& node, std::string_view key, std::map<std::string, StringList>& target);
void into(const Node& node, std::string_view key, std::map<std::string, Ulimit>& target);
void into(const Node& node, std::string_view key, std::vector<FileReference>& target);

/// Calls `each` for every entry of a list.
template <class Each>
void entries(const Node& node, std::string_view key, Each&& each) {
    if (const Node* list = node.find(key)) {
        for (const Node& item : list->items()) {
            each(item);
        }
    }
}

/// Calls `each(member)` for every member of a mapping.
template <class Each>
void members(const Node& node, std::string_view key, Each&& each) {
    if (const Node* mapping = node.find(key)) {
        for (const Member& member : mapping->members()) {
            each(member);
        }
    }
}

/// Makes `target` and calls `fill(node, *target)` if the key is there.
template <class Value, class Fill>
void part(const Node& node, std::string_view key, std::optional<Value>& target, Fill&& fill) {
    const Node* value = node.find(key);
    if (value != nullptr && value->is_mapping()) {
        target.emplace();
        target->mark = value->mark;
        fill(*value, *target);
    }
}

}  // namespace stack::compose::read
