#include <functional>

#include <fmt/format.h>

#include "compose/key_index.hpp"
#include "compose/merge.hpp"
#include "compose/path_table.hpp"
#include "compose/short_forms.hpp"

namespace stack::compose {

namespace {

/// Gives what tells one entry of a list from another; nullopt keeps the entry whatever else is there.
using Key = std::optional<std::string> (*)(const Node& entry);

std::string scalar_text(const Node* node) {
    return node == nullptr || !node->is_scalar() ? std::string{} : node->text;
}

std::optional<std::string> name_before_equals(const Node& entry) {
    if (!entry.is_scalar()) {
        return std::nullopt;
    }
    return entry.text.substr(0, entry.text.find('='));
}

std::optional<std::string> whole_text(const Node& entry) {
    return entry.is_scalar() ? std::optional{entry.text} : std::nullopt;
}

std::optional<std::string> mount_target(const Node& entry) {
    if (entry.is_mapping()) {
        const Node* target = entry.find("target");
        return target == nullptr ? std::nullopt : std::optional{target->text};
    }
    return entry.is_string() ? std::optional{short_volume_target(entry.text)} : std::nullopt;
}

std::optional<std::string> device_target(const Node& entry) {
    if (entry.is_mapping()) {
        const Node* target = entry.find("target");
        return target == nullptr ? std::nullopt : std::optional{target->text};
    }
    if (!entry.is_string()) {
        return std::nullopt;
    }
    const std::size_t first = entry.text.find(':');
    if (first == std::string::npos) {
        return entry.text;
    }
    const std::size_t second = entry.text.find(':', first + 1);
    return entry.text.substr(first + 1, second == std::string::npos ? second : second - first - 1);
}

std::optional<std::string> port_key(const Node& entry) {
    if (!entry.is_mapping()) {
        return entry.is_scalar() ? std::optional{"short " + entry.text} : std::nullopt;
    }
    const auto text_or = [&](std::string_view key, std::string_view otherwise) {
        const std::string text = scalar_text(entry.find(key));
        return text.empty() ? std::string{otherwise} : text;
    };
    return fmt::format("{}:{}:{}/{}", text_or("host_ip", "0.0.0.0"), text_or("published", ""), text_or("target", ""),
                       text_or("protocol", "tcp"));
}

std::optional<std::string> file_key(const Node& entry, std::string_view folder) {
    if (entry.is_string()) {
        return fmt::format("{}/{}", folder, entry.text);
    }
    if (!entry.is_mapping()) {
        return std::nullopt;
    }
    const std::string target = scalar_text(entry.find("target"));
    return target.empty() ? fmt::format("{}/{}", folder, scalar_text(entry.find("source"))) : target;
}

std::optional<std::string> secret_key(const Node& entry) {
    return file_key(entry, "/run/secrets");
}
std::optional<std::string> config_key(const Node& entry) {
    return file_key(entry, "");
}

std::optional<std::string> env_file_key(const Node& entry) {
    return entry.is_mapping() ? scalar_text(entry.find("path")) : whole_text(entry);
}

const PathTable<Key>& keys() {
    static const PathTable<Key> table{
        {"networks.*.labels", name_before_equals},
        {"services.*.annotations", name_before_equals},
        {"services.*.build.additional_contexts", name_before_equals},
        {"services.*.build.args", name_before_equals},
        {"services.*.build.labels", name_before_equals},
        {"services.*.build.platforms", whole_text},
        {"services.*.build.tags", whole_text},
        {"services.*.build.extra_hosts", whole_text},
        {"services.*.cap_add", whole_text},
        {"services.*.cap_drop", whole_text},
        {"services.*.configs", config_key},
        {"services.*.deploy.labels", name_before_equals},
        {"services.*.devices", device_target},
        {"services.*.dns", whole_text},
        {"services.*.dns_opt", whole_text},
        {"services.*.dns_search", whole_text},
        {"services.*.env_file", env_file_key},
        {"services.*.environment", name_before_equals},
        {"services.*.expose", whole_text},
        {"services.*.extra_hosts", whole_text},
        {"services.*.group_add", whole_text},
        {"services.*.labels", name_before_equals},
        {"services.*.links", whole_text},
        {"services.*.networks.*.aliases", whole_text},
        {"services.*.networks.*.link_local_ips", whole_text},
        {"services.*.ports", port_key},
        {"services.*.profiles", whole_text},
        {"services.*.secrets", secret_key},
        {"services.*.sysctls", name_before_equals},
        {"services.*.tmpfs", whole_text},
        {"services.*.volumes", mount_target},
    };
    return table;
}

bool has_repeats(const Node& list, Key key_of) {
    const std::vector<Node>& items = list.items();
    KeyIndex places{items.size()};
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto key = key_of(items[i]);
        if (key && places.find_or_add(*key, i, [&](std::size_t other) { return key_of(items[other]) == key; })) {
            return true;
        }
    }
    return false;
}

void keep_last(Node& list, Key key_of) {
    if (!has_repeats(list, key_of)) {
        return;
    }
    std::vector<Node> kept;
    KeyIndex places{list.size()};
    kept.reserve(list.size());
    for (Node& entry : list.items()) {
        const auto key = key_of(entry);
        const auto same =
            key ? places.find_or_add(*key, kept.size(), [&](std::size_t other) { return key_of(kept[other]) == key; })
                : std::nullopt;
        if (same) {
            kept[*same] = std::move(entry);
        } else {
            kept.push_back(std::move(entry));
        }
    }
    list.items() = std::move(kept);
}

void walk(Node& node, const PathTable<Key>::Step* step) {
    if (node.is_mapping()) {
        for (Member& member : node.members()) {
            if (const auto* next = step->key(member.key)) {
                walk(member.value, next);
            }
        }
    } else if (node.is_sequence() && step->rule && node.size() > 1) {
        keep_last(node, *step->rule);
    }
}

}  // namespace

void make_unique(Node& document) {
    walk(document, keys().root());
}

}  // namespace stack::compose
