#include "compose/schema_check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "compose/check/format.hpp"
#include "compose/check/judge.hpp"
#include "compose/check/report.hpp"
#include "compose/check/rule.hpp"
#include "compose/check/unknown_key.hpp"
#include "compose/check/wrong_kind.hpp"
#include "compose/key_index.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

constexpr std::size_t most_judged = 50'000;  // values; beyond, a second opinion would cost more than it is worth
constexpr std::size_t longest_name = 255;    // a file name, a DNS label and more must be made of it

bool is_extension(std::string_view key) {
    return key.starts_with("x-");
}

/// Entries of lists that must differ are compared by this text.
std::string identity(const Node& node) {
    return node.is_scalar() ? (node.is_string() ? "s" : "n") + node.text : to_json(node);
}

class Walk {
public:
    explicit Walk(Findings& findings) : findings_{findings}, had_errors_{findings.has_errors()} {}

    void value(const Rule& rule, const Node& node, const Path& path) {
        // What YAML could not make sense of has been told, in better words than a rule has.
        if (node.tag == MergeTag::reset || (had_errors_ && findings_.has_error_at(node.mark))) {
            return;
        }
        // A variable that was left in place (`config --no-interpolate`, or a mistake in it) may become anything.
        const bool open = node.is_string() && node.text.find('$') != std::string::npos;
        if (!rule.takes(node.kind) && !is_whole(rule, node)) {
            if (!open) {
                wrong_kind(rule, node, path);
            }
            return;
        }
        if (!rule.allowed_values.empty() && node.is_string() && !open) {
            choice(rule, node, path);
        }
        if (node.is_sequence()) {
            list(rule, node, path);
        } else if (node.is_mapping() && !mapping(rule, node, path)) {
            return;
        }
        if (const Format* format = format_of(rule); format != nullptr && !open) {
            format->check(rule, {path, node, findings_});
        }
    }

private:
    /// 2.0 is an integer to JSON Schema.
    static bool is_whole(const Rule& rule, const Node& node) {
        const auto real = node.kind == Kind::real && rule.takes(Kind::integer) ? node.as_real() : std::nullopt;
        return real && *real == static_cast<double>(static_cast<std::int64_t>(std::clamp(*real, -9e15, 9e15)));
    }

    void wrong_kind(const Rule& rule, const Node& node, const Path& path) {
        Report{path, node, findings_}.must_be(rule.title, detailed() ? mend_wrong_kind(rule, path, node) : "");
    }

    /// 'healthy' for 'service_healthy', else what is spelt alike.
    static std::optional<std::string> meant(const std::string& text, std::span<const std::string_view> allowed) {
        const std::string ending = "_" + text;
        const auto found =
            std::find_if(allowed.begin(), allowed.end(), [&](std::string_view word) { return word.ends_with(ending); });
        return found == allowed.end() ? nearest(text, to_strings(allowed)) : std::string{*found};
    }

    void choice(const Rule& rule, const Node& node, const Path& path) {
        const auto& allowed = rule.allowed_values;
        if (std::find(allowed.begin(), allowed.end(), node.text) != allowed.end()) {
            return;
        }
        const auto near = detailed() ? meant(node.text, allowed) : std::nullopt;
        Report{path, node, findings_}.error(
            fmt::format("is '{}', which is not one of {}", shown(node.text), enumerate(to_strings(allowed))),
            near ? fmt::format("did you mean '{}'?", *near)
                 : fmt::format("allowed: {}", join(to_strings(allowed), ", ")));
    }

    void list(const Rule& rule, const Node& node, const Path& path) {
        const auto& items = node.items();
        KeyIndex seen{rule.unique_items ? items.size() : 0};
        for (std::size_t i = 0; i < items.size(); ++i) {
            const Path here = path / i;
            if (rule.items != nullptr) {
                value(*rule.items, items[i], here);
            }
            if (!rule.unique_items) {
                continue;
            }
            const std::string text = identity(items[i]);
            const auto first =
                seen.find_or_add(text, i, [&](std::size_t other) { return identity(items[other]) == text; });
            if (first && items[i].mark != items[*first].mark) {
                findings_.error(items[i].mark, here,
                                fmt::format("{} stands twice in {}", describe(items[i]), describe(path)),
                                fmt::format("remove one of them; the first is in line {}", items[*first].mark.line));
            }
        }
    }

    /// False if the mapping turned out to be something else, told in one finding.
    bool mapping(const Rule& rule, const Node& node, const Path& path) {
        if (is_split_text(rule, node)) {
            Report{path, node, findings_}.error("was read as a mapping, because a space stands behind its colon",
                                                mend_wrong_kind(rule, path, node));
            return false;
        }
        for (const auto& member : node.members()) {
            const Path here = path / member.key;
            if (const Rule* known = rule.find_member(member.key)) {
                value(*known, member.value, here);
            } else if (!(rule.extensions && is_extension(member.key))) {
                extra(rule, node, member, path, here);
            }
        }
        for (const auto& name : rule.required) {
            // An unknown key stands for the missing one: one mistake.
            if (!node.has(name) && !has_unknown_key(rule, node)) {
                missing(rule, node, path, name);
            }
        }
        return true;
    }

    static bool has_unknown_key(const Rule& rule, const Node& node) {
        return rule.extra == Rule::Extra::forbidden &&
               std::any_of(node.members().begin(), node.members().end(), [&](const Member& member) {
                   return rule.find_member(member.key) == nullptr && !(rule.extensions && is_extension(member.key));
               });
    }

    /// `- ./data: /data` where a text is meant: a mapping of one unknown key.
    static bool is_split_text(const Rule& rule, const Node& node) {
        return rule.takes(Kind::string) && rule.extra == Rule::Extra::forbidden && node.size() == 1 &&
               node.members()[0].value.is_scalar() && !is_extension(node.members()[0].key) &&
               rule.find_member(node.members()[0].key) == nullptr &&
               node.members()[0].key.find_first_of("/.0123456789") != std::string::npos;
    }

    void extra(const Rule& rule, const Node& parent, const Member& member, const Path& path, const Path& here) {
        if (rule.extra == Rule::Extra::forbidden) {
            findings_.error(member.key_mark, here,
                            fmt::format("unknown key '{}' in {}", shown(member.key), describe(path)),
                            detailed() ? mend_unknown_key(rule, path, member) : "");
            return;
        }
        if (rule.plain_names && !name(member, path, here)) {
            return;
        }
        if (rule.extra_rule == nullptr) {
            return;
        }
        if (path.depth() == 1 && path.key() == "services" && misplaced(*rule.extra_rule, parent, member, path, here)) {
            return;
        }
        value(*rule.extra_rule, member.value, here);
    }

    bool name(const Member& member, const Path& path, const Path& here) {
        if (member.key.size() > longest_name) {
            findings_.error(
                member.key_mark, here,
                fmt::format("the name '{}' in {} has {} bytes", shown(member.key), describe(path), member.key.size()),
                fmt::format("the longest name has {}", longest_name));
            return false;
        }
        if (is_plain_name(member.key)) {
            return true;
        }
        const bool variable = member.key.find('$') != std::string::npos;
        auto mended = member.key;
        std::replace_if(
            mended.begin(), mended.end(),
            [](char c) {
                return !is_plain_name({&c, 1});
            },
            '-');
        findings_.error(member.key_mark, here, fmt::format("'{}' in {} is no name", shown(member.key), describe(path)),
                        variable ? "variables are not replaced in keys; write the name itself"
                        : member.key.empty()
                            ? "names are of letters, digits, '.', '_' and '-'"
                            : fmt::format("names are of letters, digits, '.', '_' and '-'; write '{}'", shown(mended)));
        return false;
    }

    /// A service without a value, and its keys beside it instead of below it: one mistake of indentation.
    bool misplaced(const Rule& service, const Node& services, const Member& member, const Path& path,
                   const Path& here) {
        if (member.value.is_null()) {
            const Member* next = following(services, member);
            if (next == nullptr || !is_stray_key(service, *next)) {
                return false;
            }
            findings_.error(
                member.key_mark, here,
                fmt::format("service '{}' is empty: '{}' stands beside it, not below it", shown(member.key),
                            shown(next->key)),
                fmt::format("indent '{}' and what follows further than '{}'", shown(next->key), shown(member.key)));
            return true;
        }
        if (!is_stray_key(service, member)) {
            return false;
        }
        const Member* before = preceding(services, member);
        const bool told = before != nullptr && (before->value.is_null() || is_stray_key(service, *before));
        if (!told) {
            findings_.error(
                member.key_mark, here,
                fmt::format("'{}' in {} is a key of a service, not a service", shown(member.key), describe(path)),
                before == nullptr ? "write the service's name above it, and indent it below"
                                  : fmt::format("indent it below '{}'", shown(before->key)));
        }
        return true;
    }

    static bool is_stray_key(const Rule& service, const Member& member) {
        return !member.value.is_mapping() && !member.value.is_null() && service.find_member(member.key) != nullptr;
    }

    static const Member* following(const Node& node, const Member& member) {
        const auto* next = &member + 1;
        return next < node.members().data() + node.size() ? next : nullptr;
    }
    static const Member* preceding(const Node& node, const Member& member) {
        return &member > node.members().data() ? &member - 1 : nullptr;
    }

    void missing(const Rule& rule, const Node& node, const Path& path, std::string_view name) {
        const Rule* wanted = rule.find_member(name);
        std::string hint = fmt::format("add '{}: …'", name);
        if (wanted != nullptr && !wanted->allowed_values.empty()) {
            hint = fmt::format("add '{}:' with one of {}", name, enumerate(to_strings(wanted->allowed_values)));
        }
        findings_.error(node.mark, path, fmt::format("{} lacks '{}'", describe(path), name), std::move(hint));
    }

    /// Hints cost time; past the findings that are kept nobody reads them.
    bool detailed() const noexcept { return findings_.dropped() == 0; }

    Findings& findings_;
    bool had_errors_;
};

void second_opinion(const Node& document, Findings& findings) {
    const auto verdict = judge(document);
    if (!verdict) {
        return;
    }
    const Node* at = &document;
    std::string path;
    for (const auto& step : verdict->path) {
        const auto index = at->is_sequence() ? parse_uint(step) : std::nullopt;
        const Node* next = index && *index < at->size() ? &at->items()[*index] : at->find(step);
        if (next == nullptr) {
            break;
        }
        at = next;
        path += index ? fmt::format("[{}]", step) : fmt::format("{}{}", path.empty() ? "" : ".", step);
    }
    findings.add({Severity::error,
                  at->mark,
                  path,
                  fmt::format("'{}' does not match the Compose schema: {}", path, shown(verdict->message)),
                  {}});
}

}  // namespace

void check_schema(const Node& document, Findings& findings, bool judged) {
    if (!document.is_mapping()) {
        findings.error(document.mark, Path{}, fmt::format("a Compose file is a mapping, not {}", describe(document)),
                       "begin with 'services:'");
        return;
    }
    Walk{findings}.value(compose_file_rule(), document, Path{});
    if (judged && !findings.has_errors() && document.count() <= most_judged) {
        second_opinion(document, findings);
    }
}

}  // namespace stack::compose
