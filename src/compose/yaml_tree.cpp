#include "compose/yaml_tree.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <yaml.h>

#include "compose/limits.hpp"
#include "compose/line_context.hpp"
#include "compose/yaml_error.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

/// Thrown to leave the recursion after a finding that makes the rest of the file meaningless.
struct GiveUp {};

constexpr std::string_view yaml_tag_prefix = "tag:yaml.org,2002:";

struct Event {
    Event() noexcept : event{} {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() { yaml_event_delete(&event); }
    yaml_event_t event;
};

struct Parser {
    Parser() {
        if (yaml_parser_initialize(&parser) == 0) {
            throw std::bad_alloc{};
        }
    }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    ~Parser() { yaml_parser_delete(&parser); }
    yaml_parser_t parser{};
};

std::string_view text_of(const yaml_char_t* text) {
    return text == nullptr ? std::string_view{} : reinterpret_cast<const char*>(text);
}

/// Builds trees from the parser's events, by descent.
class TreeBuilder {
public:
    TreeBuilder(const SourceFiles& files, FileId file, Findings& findings, std::size_t& nodes)
        : files_{files}, file_{file}, findings_{findings}, nodes_{nodes} {
        const std::string& text = files.text(file);
        yaml_parser_set_encoding(&parser_.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_.parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }

    std::vector<Node> documents() {
        std::vector<Node> out;
        while (true) {
            Event next;
            read(next);
            if (next.event.type == YAML_STREAM_END_EVENT) {
                return out;
            }
            if (next.event.type == YAML_DOCUMENT_START_EVENT) {
                anchors_.clear();
                Event first;
                read(first);
                out.push_back(value(first.event, 0));
            }
        }
    }

private:
    struct Anchor {
        Node value;
        std::size_t nodes{0};
        bool complete{false};
    };

    Mark at(const yaml_mark_t& mark) const {
        return {file_, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
    }

    void read(Event& into) {
        if (yaml_parser_parse(&parser_.parser, &into.event) == 0) {
            explain_yaml_error(parser_.parser, files_, file_, findings_);
            throw GiveUp{};
        }
    }

    /// The mapping that a line stands in, for messages; looked for only while they are kept.
    std::string about(Mark mark) const {
        return findings_.dropped() == 0 ? find_line_context(files_, file_, mark.line).parent().describe() : "the file";
    }

    void count(std::size_t nodes, Mark mark) {
        nodes_ += nodes;
        if (nodes_ > limits::nodes) {
            findings_.error(mark, Path{},
                            fmt::format("the project has more than {} values, aliases written out", limits::nodes),
                            "remove aliases that repeat each other, or make two projects of it");
            throw GiveUp{};
        }
    }

    Node value(const yaml_event_t& event, std::size_t depth) {
        const Mark mark = at(event.start_mark);
        count(1, mark);
        if (event.type == YAML_ALIAS_EVENT) {
            return alias(text_of(event.data.alias.anchor), mark);
        }
        if (event.type == YAML_SCALAR_EVENT) {
            return keep(event.data.scalar.anchor, scalar(event, mark), 1);
        }
        return collection(event, mark, depth + 1);
    }

    Node collection(const yaml_event_t& event, Mark mark, std::size_t depth) {
        if (depth > limits::depth) {
            findings_.error(mark, Path{},
                            fmt::format("more than {} lists or mappings within each other", limits::depth));
            throw GiveUp{};
        }
        const bool is_sequence = event.type == YAML_SEQUENCE_START_EVENT;
        const yaml_char_t* anchor = is_sequence ? event.data.sequence_start.anchor : event.data.mapping_start.anchor;
        const yaml_char_t* tag = is_sequence ? event.data.sequence_start.tag : event.data.mapping_start.tag;
        const std::string name{text_of(anchor)};
        if (!name.empty()) {
            anchors_[name] = {};
        }
        const std::size_t before = nodes_;
        Node node = is_sequence ? sequence(mark, depth) : mapping(mark, depth);
        tell_unknown_tag(text_of(tag), mark);
        node.tag = merge_tag(text_of(tag));
        return keep(anchor, std::move(node), nodes_ - before + 1);
    }

    void count_entry(const Node& collection, Mark mark) {
        if (collection.size() >= limits::entries) {
            findings_.error(mark, Path{},
                            fmt::format("{} has more than {} entries", describe(collection.kind), limits::entries));
            throw GiveUp{};
        }
    }

    Node sequence(Mark mark, std::size_t depth) {
        Node node = Node::sequence(mark);
        while (true) {
            Event next;
            read(next);
            if (next.event.type == YAML_SEQUENCE_END_EVENT) {
                return node;
            }
            count_entry(node, at(next.event.start_mark));
            node.push_back(value(next.event, depth));
        }
    }

    Node mapping(Mark mark, std::size_t depth) {
        Node node = Node::mapping(mark);
        std::vector<std::pair<Mark, Node>> merges;
        while (true) {
            Event key_event;
            read(key_event);
            if (key_event.event.type == YAML_MAPPING_END_EVENT) {
                break;
            }
            const bool is_merge = is_merge_key(key_event.event);
            const Node key = value(key_event.event, depth);
            const Mark key_mark = at(key_event.event.start_mark);
            count_entry(node, key_mark);
            Event value_event;
            read(value_event);
            Node member = value(value_event.event, depth);
            if (is_merge) {
                refuse_second_merge(merges, key_mark);
                merges.emplace_back(key_mark, std::move(member));
            } else {
                add_member(node, key, key_mark, std::move(member));
            }
        }
        for (auto& [where, source] : merges) {
            merge_into(node, std::move(source), where);
        }
        return node;
    }

    void add_member(Node& node, const Node& key, Mark key_mark, Node member) {
        if (!key.is_scalar()) {
            refuse_key(node.mark, key, key_mark);
            return;
        }
        if (!key.is_string()) {
            findings_.error(key_mark, Path{},
                            key.is_null() ? std::string{"a key is missing before ':'"}
                                          : fmt::format("key '{}' in {} is {}, not a string", abbreviate(key.text, 100),
                                                        about(key_mark), describe(key.kind)),
                            key.is_null() ? std::string{} : mend_key(key, member));
            return;
        }
        if (key.text.starts_with("\xC2\xA0")) {
            findings_.error(key_mark, Path{},
                            fmt::format("the line of '{}' begins with a no-break space, which is no indentation",
                                        abbreviate(trim(replace_all(key.text, "\xC2\xA0", " ")), 100)),
                            "replace it with spaces");
            throw GiveUp{};
        }
        if (const Member* first = node.find_member(key.text)) {
            findings_.error(key_mark, Path{},
                            fmt::format("key '{}' is here a second time in {}; it was on line {} already",
                                        abbreviate(key.text, 100), about(key_mark), first->key_mark.line),
                            "remove one of the two, or join what they hold");
            return;
        }
        node.members().push_back({key.text, key_mark, std::move(member)});
    }

    // The error stands where the mapping begins: what cannot be read as a mapping is not looked at again.
    void refuse_key(Mark mapping, const Node& key, Mark key_mark) {
        const auto line = files_.line(file_, mapping.line);
        const auto text = trim(line.substr(std::min<std::size_t>(line.size(), line.find("{{"))));
        if (text.starts_with("{{")) {
            findings_.error(
                mapping, Path{},
                fmt::format("'{}' is a template, which YAML reads as a mapping", abbreviate(text, 100)),
                fmt::format("fill the template in first, or put it in quotes: \"{}\"", abbreviate(text, 100)));
            return;
        }
        findings_.error(mapping.line == key_mark.line ? mapping : key_mark, Path{},
                        fmt::format("{} cannot be a key", describe(key.kind)),
                        "a key is a plain word; quote it if it holds '{', '[' or '*'");
    }

    // `- 8080: 80` is a port mapping with a space too much more often than a key.
    static std::string mend_key(const Node& key, const Node& member) {
        const auto text = abbreviate(key.text, 100);
        if (key.is_number() && member.is_number()) {
            return fmt::format("for a port mapping remove the space: \"{0}:{1}\"; else quote the key: \"{0}\"", text,
                               abbreviate(member.text, 100));
        }
        return fmt::format("quote it: \"{}\"", text);
    }

    static bool is_merge_key(const yaml_event_t& event) {
        return event.type == YAML_SCALAR_EVENT && event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
               text_of(event.data.scalar.value) == "<<";
    }

    void refuse_second_merge(const std::vector<std::pair<Mark, Node>>& merges, Mark mark) {
        if (!merges.empty()) {
            findings_.error(
                mark, Path{},
                fmt::format("'<<' is here a second time; it was on line {} already", merges.front().first.line),
                "give one '<<' a list: '<<: [*one, *two]'");
        }
    }

    void merge_into(Node& node, Node source, Mark where) {
        if (source.is_mapping()) {
            merge_mapping(node, std::move(source));
            return;
        }
        if (source.is_sequence()) {
            for (Node& one : source.items()) {
                if (!one.is_mapping()) {
                    refuse_merge(one, one.mark);
                    continue;
                }
                merge_mapping(node, std::move(one));
            }
            return;
        }
        refuse_merge(source, where);
    }

    void refuse_merge(const Node& source, Mark where) {
        if (findings_.has_error_at(source.mark)) {
            return;  // an unknown alias: told already
        }
        findings_.error(where, Path{},
                        fmt::format("'<<' in {} needs a mapping or a list of mappings to merge, not {}", about(where),
                                    describe(source.kind)),
                        "name an anchor: '<<: *name', or '<<: [*one, *two]'");
    }

    static void merge_mapping(Node& node, Node source) {
        for (Member& member : source.members()) {
            if (!node.has(member.key)) {
                node.members().push_back(std::move(member));
            }
        }
    }

    Node alias(std::string_view name, Mark mark) {
        const auto found = anchors_.find(std::string{name});
        if (found == anchors_.end()) {
            std::vector<std::string> known;
            constexpr std::size_t most_compared = 200;
            for (const auto& [anchor, value] : anchors_) {
                if (known.size() == most_compared || findings_.dropped() > 0) {
                    break;
                }
                known.push_back(anchor);
            }
            const auto meant = nearest(name, known);
            findings_.error(mark, Path{},
                            fmt::format("alias '*{0}' in {1} names an anchor that is not in the file above it: '&{0}'",
                                        abbreviate(name, 100), about(mark)),
                            meant ? fmt::format("did you mean '*{}'?", *meant)
                                  : fmt::format("write '&{}' before the value that is to be repeated, further up in "
                                                "the same file",
                                                abbreviate(name, 100)));
            return Node{mark};
        }
        if (!found->second.complete) {
            findings_.error(mark, Path{}, fmt::format("anchor '&{}' contains itself", abbreviate(name, 100)));
            throw GiveUp{};
        }
        count(found->second.nodes, mark);
        return found->second.value;
    }

    Node keep(const yaml_char_t* anchor, Node node, std::size_t nodes) {
        if (anchor != nullptr) {
            count(nodes, node.mark);  // the copy counts, too: anchors within anchors multiply
            anchors_[std::string{text_of(anchor)}] = {node, nodes, true};
        }
        return node;
    }

    /// Tags of other programs say nothing to us; a value that begins with '!' for want of quotes loses its first word.
    void tell_unknown_tag(std::string_view tag, Mark mark) {
        if (tag.size() > 1 && tag.starts_with('!') && merge_tag(tag) == MergeTag::none) {
            findings_.warning(mark, Path{},
                              fmt::format("the tag '{}' is not known and has no effect", abbreviate(tag, 100)),
                              "put a value that begins with '!' in quotes; the tags are !reset and !override");
        }
    }

    static MergeTag merge_tag(std::string_view tag) {
        if (tag == "!reset") {
            return MergeTag::reset;
        }
        return tag == "!override" ? MergeTag::replace : MergeTag::none;
    }

    Node scalar(const yaml_event_t& event, Mark mark) {
        const auto& data = event.data.scalar;
        Node node{mark};
        node.text.assign(reinterpret_cast<const char*>(data.value), data.length);
        node.plain_style = data.style == YAML_PLAIN_SCALAR_STYLE;
        node.kind = node.plain_style ? kind_of_plain(node.text) : Kind::string;
        const std::string_view tag = text_of(data.tag);
        tell_unknown_tag(tag, mark);
        node.tag = merge_tag(tag);
        if (tag.starts_with(yaml_tag_prefix)) {
            apply_core_tag(node, tag.substr(yaml_tag_prefix.size()));
        }
        return node;
    }

    // A tag that does not fit its text leaves a string, which the checks then refuse where it matters.
    static void apply_core_tag(Node& node, std::string_view tag) {
        const Kind resolved = kind_of_plain(node.text);
        if (tag == "str") {
            node.kind = Kind::string;
        } else if (tag == "null") {
            node.kind = Kind::null;
        } else if ((tag == "int" && resolved == Kind::integer) || (tag == "bool" && resolved == Kind::boolean) ||
                   (tag == "float" && (resolved == Kind::real || resolved == Kind::integer))) {
            node.kind = resolved;
        }
    }

    const SourceFiles& files_;
    FileId file_;
    Findings& findings_;
    Parser parser_;
    std::unordered_map<std::string, Anchor> anchors_;
    std::size_t& nodes_;
};

void append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0U | (code >> 6U));
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0U | (code >> 12U));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0U | (code >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

std::string utf16_to_utf8(std::string_view text, bool big_endian) {
    const auto unit = [&](std::size_t i) {
        const auto low = static_cast<unsigned char>(text[i + (big_endian ? 1 : 0)]);
        const auto high = static_cast<unsigned char>(text[i + (big_endian ? 0 : 1)]);
        return static_cast<std::uint32_t>(high << 8U | low);
    };
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        std::uint32_t code = unit(i);
        const bool high_surrogate = code >= 0xD800 && code < 0xDC00;
        if (high_surrogate && i + 3 < text.size() && unit(i + 2) >= 0xDC00 && unit(i + 2) < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10U) + (unit(i + 2) - 0xDC00);
            i += 2;
        } else if (code >= 0xD800 && code < 0xE000) {
            throw Error{Errc::invalid_input, "half of a character that UTF-16 writes in two"};
        }
        append_utf8(out, code);
    }
    if (text.size() % 2 != 0) {
        throw Error{Errc::invalid_input, "half of a character at the end of a UTF-16 text"};
    }
    return out;
}

}  // namespace

std::string to_utf8(std::string text) {
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.erase(0, 3);
        return text;
    }
    if (text.starts_with("\xFF\xFE")) {
        return utf16_to_utf8(std::string_view{text}.substr(2), false);
    }
    if (text.starts_with("\xFE\xFF")) {
        return utf16_to_utf8(std::string_view{text}.substr(2), true);
    }
    return text;
}

std::vector<Node> parse_yaml(const SourceFiles& files, FileId file, Findings& findings) {
    std::size_t nodes = 0;
    return parse_yaml(files, file, findings, nodes);
}

std::vector<Node> parse_yaml(const SourceFiles& files, FileId file, Findings& findings, std::size_t& nodes) {
    TreeBuilder builder{files, file, findings, nodes};
    try {
        return builder.documents();
    } catch (const GiveUp&) {
        return {};
    }
}

}  // namespace stack::compose
