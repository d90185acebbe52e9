#include "compose/print.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "support/text.hpp"

namespace stack::compose {

namespace {

constexpr std::array<std::string_view, 8> top_level{"name",    "services", "networks", "volumes",
                                                    "secrets", "configs",  "models",   "include"};

std::size_t rank(std::string_view key) {
    return static_cast<std::size_t>(std::find(top_level.begin(), top_level.end(), key) - top_level.begin());
}

std::vector<const Member*> ordered(const Node& mapping, bool top) {
    std::vector<const Member*> members;
    members.reserve(mapping.size());
    for (const Member& member : mapping.members()) {
        members.push_back(&member);
    }
    const auto before = [&](const Member* a, const Member* b) {
        if (top && rank(a->key) != rank(b->key)) {
            return rank(a->key) < rank(b->key);
        }
        return a->key < b->key;
    };
    if (!std::is_sorted(members.begin(), members.end(), before)) {
        std::stable_sort(members.begin(), members.end(), before);  // by merging: keys in the order of numbers are
                                                                   // std::sort's worst case
    }
    return members;
}

bool is_word_of_yaml_1_1(std::string_view text) {
    const std::string word = to_lower(text);
    constexpr std::array<std::string_view, 8> words{"yes", "no", "on", "off", "y", "n", "true", "false"};
    return std::find(words.begin(), words.end(), word) != words.end() || word == "null" || word == "~";
}

bool all_printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Texts that every reader of YAML takes for the same string without quotes. Anything that some version of YAML might
// read as something else is quoted: numbers with colons, dates, words for booleans.
bool is_safe_plain(std::string_view text) {
    if (text.empty() || is_word_of_yaml_1_1(text) || kind_of_plain(text) != Kind::string || !all_printable(text)) {
        return false;
    }
    const char first = text.front();
    if (std::string_view{"-?:,[]{}#&*!|>'\"%@`=<. "}.find(first) != std::string_view::npos ||
        (first >= '0' && first <= '9') || first == '+') {
        return first >= '0' && first <= '9' && text.find_first_of(":_-,") == std::string_view::npos &&
               text.find(" #") == std::string_view::npos && text.back() != ' ' &&
               text.find_first_not_of("0123456789.eE") != std::string_view::npos;
    }
    return text.back() != ' ' && text.back() != ':' && text.find(": ") == std::string_view::npos &&
           text.find(" #") == std::string_view::npos;
}

// Lines that a literal block can hold unchanged.
bool fits_block(std::string_view text) {
    if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n' ||
        text.front() == '\t' || text.ends_with("\n\n")) {
        return false;
    }
    for (const std::string_view line : split(text, '\n')) {
        if (!all_printable(line) && line.find_first_not_of('\t') == std::string_view::npos) {
            return false;
        }
        for (const char c : line) {
            if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) {
                return false;
            }
        }
    }
    return true;
}

// Double quotes with the escapes of JSON, which YAML 1.2 reads, too.
std::string quoted(const std::string& text) {
    return to_json(Node::string(text));
}

class YamlPrinter {
public:
    explicit YamlPrinter(const PrintStyle& style) : style_{style} {}

    std::string print(const Node& document) {
        if (document.is_mapping() && !document.empty()) {
            mapping(document, 0, true);
        } else {
            scalar(document, 0);
            out_ += '\n';
        }
        return std::move(out_);
    }

private:
    std::string text_of(const std::string& text) const {
        return style_.escape_dollars ? replace_all(text, "$", "$$") : text;
    }

    void indent(std::size_t depth) { out_.append(2 * depth, ' '); }

    void key(const std::string& name) {
        const std::string text = text_of(name);
        out_ += is_safe_plain(text) ? text : quoted(text);
        out_ += ':';
    }

    void mapping(const Node& node, std::size_t depth, bool top = false) {
        bool first = true;
        for (const Member* member : ordered(node, top)) {
            if (!(first && inline_first_)) {
                indent(depth);
            }
            inline_first_ = false;
            first = false;
            key(member->key);
            value(member->value, depth);
        }
    }

    // What stands after a key.
    void value(const Node& node, std::size_t depth) {
        if (node.is_mapping() && !node.empty()) {
            out_ += '\n';
            mapping(node, depth + 1);
        } else if (node.is_sequence() && !node.empty()) {
            out_ += '\n';
            sequence(node, depth + 1);
        } else {
            out_ += ' ';
            scalar(node, depth + 1);
            out_ += '\n';
        }
    }

    void sequence(const Node& node, std::size_t depth) {
        for (const Node& item : node.items()) {
            indent(depth);
            out_ += "- ";
            if (item.is_mapping() && !item.empty()) {
                inline_first_ = true;
                mapping(item, depth + 1);
            } else if (item.is_sequence() && !item.empty()) {
                out_ += '\n';
                sequence(item, depth + 1);
            } else {
                scalar(item, depth + 1);
                out_ += '\n';
            }
        }
    }

    void scalar(const Node& node, std::size_t depth) {
        if (node.is_sequence()) {
            out_ += "[]";
        } else if (node.is_mapping()) {
            out_ += "{}";
        } else if (!node.is_string()) {
            out_ += to_json(node);
        } else {
            string(text_of(node.text), depth);
        }
    }

    void string(const std::string& text, std::size_t depth) {
        if (is_safe_plain(text)) {
            out_ += text;
        } else if (fits_block(text)) {
            block(text, depth);
        } else {
            out_ += quoted(text);
        }
    }

    void block(std::string_view text, std::size_t depth) {
        const bool ends_line = text.ends_with('\n');
        out_ += ends_line ? "|" : "|-";
        if (ends_line) {
            text.remove_suffix(1);
        }
        for (const std::string_view line : split(text, '\n')) {
            out_ += '\n';
            if (!line.empty()) {
                indent(depth);
                out_ += line;
            }
        }
    }

    const PrintStyle& style_;
    std::string out_;
    bool inline_first_{false};
};

// Mappings whose keys are names of the user: "x-foo" is one like any other there.
bool holds_names(std::string_view key, std::size_t depth) {
    constexpr std::array<std::string_view, 18> maps{
        "services",    "networks",      "volumes",     "secrets",     "configs",     "models",
        "annotations", "args",          "depends_on",  "driver_opts", "environment", "labels",
        "options",     "aux_addresses", "storage_opt", "sysctls",     "ulimits",     "additional_contexts"};
    return key.starts_with("x-") ||
           (std::find(maps.begin(), maps.end(), key) != maps.end() && (depth != 1 || rank(key) < top_level.size()));
}

// What `docker compose config` shows for a watch rule without a hook.
Node no_hook() {
    Node hook = Node::mapping();
    hook.set("command", Node{});
    return hook;
}

// The tree as it is printed in JSON.
Node for_json(const Node& node, const PrintStyle& style, std::string_view key, std::size_t depth,
              bool in_extension = false) {
    if (node.is_string() && style.escape_dollars && node.text.find('$') != std::string::npos) {
        Node copy = node;
        copy.text = replace_all(copy.text, "$", "$$");
        return copy;
    }
    if (node.is_scalar()) {
        return node;
    }
    if (node.is_sequence()) {
        if (in_extension && node.empty()) {
            return Node{};  // as `docker compose config` writes it
        }
        Node copy = Node::sequence();
        for (const Node& item : node.items()) {
            copy.push_back(for_json(item, style, key, depth + 1, in_extension));
            if (key == "watch" && depth == 4 && item.is_mapping() && !item.has("exec")) {
                copy.items().back().set("exec", no_hook());
            }
        }
        return copy;
    }
    Node copy = Node::mapping();
    const bool keeps_extensions = depth == 0 || holds_names(key, depth);
    for (const Member* member : ordered(node, depth == 0)) {
        if (keeps_extensions || !member->key.starts_with("x-")) {
            copy.members().push_back({style.escape_dollars ? replace_all(member->key, "$", "$$") : member->key,
                                      {},
                                      for_json(member->value, style, member->key, depth + 1,
                                               in_extension || (depth == 0 && member->key.starts_with("x-")))});
        }
    }
    return copy;
}

}  // namespace

std::string print_yaml(const Node& document, const PrintStyle& style) {
    return YamlPrinter{style}.print(document);
}

std::string print_json(const Node& document, const PrintStyle& style) {
    return to_json(for_json(document, style, {}, 0), 2) + "\n";
}

}  // namespace stack::compose
