#include "build/dockerfile/lines.hpp"

#include <set>

#include <fmt/format.h>

#include "support/text.hpp"

namespace stack::build {
namespace {

constexpr std::string_view blanks = " \t";

struct DirectiveLine {
    std::string key, value;
};

/// `# key = value`; nullopt for any other comment.
std::optional<DirectiveLine> read_directive(std::string_view line) {
    const auto text = trim(line);
    if (!text.starts_with('#')) {
        return std::nullopt;
    }
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
        return std::nullopt;
    }
    const auto key = trim(text.substr(1, equals - 1));
    const bool is_word =
        !key.empty() &&
        key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
    if (!is_word) {
        return std::nullopt;
    }
    return DirectiveLine{to_lower(key), std::string{trim(text.substr(equals + 1))}};
}

}  // namespace

std::vector<std::string> split_lines(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    std::vector<std::string> lines;
    for (auto line : split(text, '\n')) {
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        lines.emplace_back(line);
    }
    if (!lines.empty() && lines.back().empty()) {
        lines.pop_back();
    }
    return lines;
}

Directives parse_directives(const std::vector<std::string>& lines, const std::string& name, size_t& consumed) {
    Directives directives;
    std::set<std::string> seen;
    for (consumed = 0; consumed < lines.size(); ++consumed) {
        const auto directive = read_directive(lines[consumed]);
        const bool known =
            directive && (directive->key == "syntax" || directive->key == "escape" || directive->key == "check");
        if (!known) {
            break;
        }
        const SourcePos pos{name, static_cast<int>(consumed) + 1, 1};
        if (!seen.insert(directive->key).second) {
            throw Error(Errc::invalid_input, fmt::format("parser directive '{}' is given twice", directive->key))
                .at(pos);
        }
        if (directive->key == "syntax") {
            directives.syntax = directive->value;
        } else if (directive->key == "check") {
            directives.check = directive->value;
        } else if (directive->value == "\\" || directive->value == "`") {
            directives.escape = directive->value.front();
        } else {
            throw Error(Errc::invalid_input, fmt::format("escape must be '\\' or '`', not '{}'", directive->value))
                .at(pos);
        }
    }
    return directives;
}

bool is_comment(std::string_view line) {
    const auto first = line.find_first_not_of(blanks);
    return first != std::string_view::npos && line[first] == '#';
}

bool is_blank(std::string_view line) {
    return trim(line).empty();
}

std::optional<std::string> without_continuation(std::string_view line, char escape) {
    const auto last = line.find_last_not_of(blanks);
    if (last == std::string_view::npos || line[last] != escape) {
        return std::nullopt;
    }
    if (last > 0 && line[last - 1] == escape) {
        return std::nullopt;
    }
    return std::string{line.substr(0, last)};
}

}  // namespace stack::build
