// What is said of a Dockerfile's lines as such.
#include "build/dockerfile/lines.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "build/dockerfile/words.hpp"
#include "build/lint/collector.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

bool is_lower(const std::string& word) {
    return word == to_lower(word);
}
bool is_upper(const std::string& word) {
    return std::ranges::none_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
}

void keyword_casing(const Dockerfile& file, LintCollector& found) {
    size_t lower = 0;
    size_t upper = 0;
    for (const auto& one : file.instructions) {
        const auto word = written_keyword(one);
        lower += is_lower(word) ? 1 : 0;
        upper += is_upper(word) ? 1 : 0;
    }
    const bool mostly_lower = lower > upper;
    for (const auto& one : file.instructions) {
        const auto word = written_keyword(one);
        if (mostly_lower ? !is_lower(word) : !is_upper(word)) {
            found.add("ConsistentInstructionCasing", one,
                      fmt::format("Command '{}' should match the case of the command majority ({})", word,
                                  mostly_lower ? "lowercase" : "uppercase"));
        }
    }
}

/// `FROM x as y`.
void as_casing(const Instruction& from, LintCollector& found) {
    const auto words = split_blanks(from.text);
    constexpr size_t with_name = 3;
    if (from.keyword != "FROM" || words.size() != with_name) {
        return;
    }
    const auto keyword = written_keyword(from);
    const bool fits = (is_lower(keyword) && is_lower(words[1])) || (is_upper(keyword) && is_upper(words[1]));
    if (!fits) {
        found.add("FromAsCasing", from, fmt::format("'{}' and '{}' keywords' casing do not match", words[1], keyword));
    }
}

/// The name that an ARG or FROM defines; empty if none.
std::string defined_name(const Instruction& instruction, char escape) {
    if (instruction.keyword == "FROM") {
        const auto words = split_blanks(instruction.text);
        constexpr size_t with_name = 3;
        return words.size() == with_name ? words.back() : "";
    }
    const auto words = instruction.keyword == "ARG" ? split_quoted(instruction.text, escape) : Strings{};
    return words.size() == 1 ? words.front().substr(0, words.front().find('=')) : "";
}

/// A comment right above an ARG or FROM describes it, and begins with its name.
void definition_comment(const Dockerfile& file, const Instruction& instruction, LintCollector& found) {
    const auto name = defined_name(instruction, file.directives.escape);
    const auto above = static_cast<size_t>(instruction.pos.line) - 1;  // counts from 0: the line before
    if (name.empty() || above == 0 || !is_comment(file.lines[above - 1])) {
        return;
    }
    size_t first = above;
    while (first > 1 && is_comment(file.lines[first - 2])) {
        --first;
    }
    auto text = trim(file.lines[first - 1]);
    text.remove_prefix(1);
    if (!text.starts_with(" " + name + " ")) {
        found.add("InvalidDefinitionDescription", instruction,
                  fmt::format("Comment for {} should follow the format: `# {} <description>`",
                              instruction.keyword == "FROM" ? "build stage" : "build argument", name));
    }
}

}  // namespace

void lint_lines(const Dockerfile& file, LintCollector& found) {
    for (const auto& warning : file.warnings) {
        found.add("NoEmptyContinuation", warning.pos, warning.pos.line, warning.text);
    }
    keyword_casing(file, found);
    for (const auto& one : file.instructions) {
        as_casing(one, found);
        definition_comment(file, one, found);
    }
}

}  // namespace stack::build
