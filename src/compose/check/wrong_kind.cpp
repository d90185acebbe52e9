#include "compose/check/wrong_kind.hpp"

#include <fmt/format.h>

#include "compose/check/format.hpp"
#include "compose/check/report.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

bool is_simple(std::string_view text) {
    return !text.empty() && text.size() <= 60 && text.find_first_of("\n\"\\") == std::string_view::npos;
}

std::string mend_null(const Rule& rule, const Path& path) {
    if (path.depth() == 2 && path.step(0) == "services") {
        return "give it at least an 'image' or a 'build', indented below its name";
    }
    if (rule.takes(Kind::mapping) || rule.takes(Kind::sequence)) {
        return "give it a value, indented below, or remove the key";
    }
    return "give it a value, or remove the key";
}

bool has_key(const Rule& rule, std::string_view text, std::size_t end) {
    return rule.find_member(text.substr(0, end)) != nullptr;
}

/// `db: healthy` below depends_on, where a mapping is wanted.
std::string mend_dependency(const Node& node) {
    for (const std::string_view condition : {"service_started", "service_healthy", "service_completed_successfully"}) {
        if (node.text == condition || condition.ends_with("_" + node.text)) {
            return fmt::format("write 'condition: {}', indented below", condition);
        }
    }
    return "write 'condition: service_started', indented below";
}

std::string mend_scalar(const Rule& rule, const Path& path, const Node& node) {
    if (rule.takes(Kind::integer) && node.kind == Kind::real) {
        return "a fraction is not possible here";
    }
    const Format* format = format_of(rule);
    if (format != nullptr && format->name == "compose-duration" && node.is_number() && is_simple(node.text)) {
        return fmt::format("the unit is missing; write '{}s' for seconds", node.text);
    }
    if (format != nullptr && format->name == "compose-restart" && node.kind == Kind::boolean) {
        return node.as_bool() == true ? "write always, unless-stopped or on-failure" : "write \"no\", in quotes";
    }
    if (rule.takes(Kind::string)) {
        return is_simple(node.text) ? fmt::format("put it in quotes: \"{}\"", node.text) : "put it in quotes";
    }
    if (rule.takes(Kind::sequence) && is_simple(node.text)) {
        return fmt::format("write it as a list: [\"{}\"]", node.text);
    }
    if (rule.takes(Kind::sequence)) {
        return "write it as a list: begin each entry with '- '";
    }
    if (path.depth() == 2 && path.step(0) == "services") {
        if (const auto sign = node.text.find('='); sign != std::string::npos) {
            const auto key = trim(std::string_view{node.text}.substr(0, sign));
            return fmt::format("write '{}: {}' below '{}:'", shown(key),
                               shown(trim(std::string_view{node.text}.substr(sign + 1))), shown(path.key()));
        }
        if (const auto colon = node.text.find(':'); colon != std::string::npos && has_key(rule, node.text, colon)) {
            return fmt::format("a space is missing behind the ':'; write '{}: {}'", node.text.substr(0, colon),
                               shown(std::string_view{node.text}.substr(colon + 1)));
        }
        return is_simple(node.text) ? fmt::format("write 'image: {}' below '{}:'", node.text, shown(path.key()))
                                    : "write its keys below its name";
    }
    if (rule.takes(Kind::boolean)) {
        return "write true or false, without quotes";
    }
    if (rule.takes(Kind::integer)) {
        return parse_double(node.text) ? "write it without quotes" : "write a number, without quotes";
    }
    if (path.depth() == 4 && path.step(2) == "depends_on") {
        return mend_dependency(node);
    }
    const bool granted = path.depth() == 2 && (path.step(0) == "secrets" || path.step(0) == "configs");
    if ((granted || path.key() == "logging") && is_simple(node.text)) {
        return fmt::format("write '{}: {}', indented below", granted ? "file" : "driver", node.text);
    }
    return rule.takes(Kind::mapping) ? "write KEY: VALUE lines, indented below" : std::string{};
}

std::string mend_list(const Rule& rule, const Path& path, const Node& node) {
    if (path.depth() == 1 && rule.takes(Kind::mapping)) {
        const Node* first = node.items().empty() ? nullptr : &node.items().front();
        // A mapping may be empty: keys that are none were refused.
        const auto name = first == nullptr                               ? std::string{"NAME"}
                          : first->is_mapping() && !first->empty()       ? first->members().front().key
                          : first->is_scalar() && is_simple(first->text) ? first->text
                                                                         : std::string{"NAME"};
        return fmt::format("remove the dash: write '{}:' as a key", shown(name));
    }
    if (rule.takes(Kind::string) && node.items().size() == 1 && node.items()[0].is_scalar() &&
        is_simple(node.items()[0].text)) {
        return fmt::format("write one value, not a list: {}", node.items()[0].text);
    }
    if (rule.takes(Kind::mapping)) {
        return "remove the dashes: write KEY: VALUE lines";
    }
    return "write one value, not a list";
}

std::string mend_mapping(const Rule& rule, const Path& path, const Node& node) {
    const Member* only = node.size() == 1 ? &node.members()[0] : nullptr;
    const bool simple =
        only != nullptr && only->value.is_scalar() && is_simple(only->key) && only->value.text.size() <= 60;
    if (rule.takes(Kind::string) && simple) {
        if (!path.key().empty()) {
            return "write one value; put what has a structure of its own in quotes";
        }
        if (only->value.is_null()) {
            return fmt::format("the text ends with a colon; put it in quotes: \"{}:\"", only->key);
        }
        const auto& owner = path.parent()->key();
        const bool named = owner == "environment" || owner == "args" || owner == "labels" || owner == "sysctls" ||
                           owner == "annotations" || owner == "extra_hosts";
        return named ? fmt::format("write '{}={}', or a mapping without dashes", only->key, only->value.text)
                     : fmt::format("put it in quotes: \"{}: {}\", or remove the space behind the colon", only->key,
                                   only->value.text);
    }
    if (rule.takes(Kind::sequence) && !rule.takes(Kind::mapping)) {
        return "write it as a list: begin each entry with '- '";
    }
    return rule.takes(Kind::string) ? "write one value" : std::string{};
}

}  // namespace

std::string mend_wrong_kind(const Rule& rule, const Path& path, const Node& node) {
    switch (node.kind) {
        case Kind::null:
            return mend_null(rule, path);
        case Kind::sequence:
            return mend_list(rule, path, node);
        case Kind::mapping:
            return mend_mapping(rule, path, node);
        case Kind::boolean:
        case Kind::integer:
        case Kind::real:
        case Kind::string:
            return mend_scalar(rule, path, node);
    }
    return {};
}

}  // namespace stack::compose
