#include "compose/yaml_error.hpp"

#include <vector>

#include <fmt/format.h>
#include <yaml.h>

#include "compose/line_context.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

std::string_view words(const char* text) {
    return text == nullptr ? std::string_view{} : text;
}

Mark place(FileId file, const yaml_mark_t& mark) {
    return {file, static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

// A byte offset as line and column; columns count characters.
Mark place_of_offset(const SourceFiles& files, FileId file, std::size_t offset) {
    const std::string_view before = std::string_view{files.text(file)}.substr(0, offset);
    Mark mark{file, 1, 1};
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i] == '\n' || (before[i] == '\r' && (i + 1 == before.size() || before[i + 1] != '\n'))) {
            ++mark.line;
            mark.column = 1;
        } else if ((static_cast<unsigned char>(before[i]) & 0xC0U) != 0x80U) {
            ++mark.column;
        }
    }
    return mark;
}

/// A mistake of syntax with what can be said about it: where the parser stopped, where the construct that it was in
/// began, and what the lines are about.
class Trouble {
public:
    Trouble(const SourceFiles& files, FileId file, Mark here, Mark opening, Findings& findings)
        : files_{files}, here_{here}, opening_{opening}, file_{file}, findings_{findings} {}

    void open_quote() const {
        const auto line = from(opening_);
        tell(opening_, fmt::format("the quote that begins {} of {} is not closed", quoted(line), about(opening_)),
             fmt::format("add the missing {} at the end of the value", line.empty() ? '"' : line.front()));
    }

    void unknown_escape() const {
        tell(here_, fmt::format("unknown escape after a backslash in double quotes, in {}", about(here_)),
             "write '\\\\' for a backslash, or use single quotes");
    }

    void open_list() const {
        tell(opening_,
             fmt::format("the list of {} is not closed with ']', or a ',' is missing in it: {}", about(opening_),
                         quoted(from(opening_))),
             "add ']' behind the last entry, and ',' between entries");
    }

    void open_mapping() const {
        tell(opening_,
             fmt::format("the mapping of {} is not closed with '}}', or a ',' is missing in it: {}", about(opening_),
                         quoted(from(opening_))),
             "add '}' behind the last entry; text that begins with '{' must be in quotes");
    }

    void bad_first_character() const {
        const auto value = from(here_);
        tell(here_,
             fmt::format("the value {} of {} cannot begin with '{}'", quoted(value), about(here_),
                         abbreviate(value.substr(0, 1), 1)),
             fmt::format("put it in quotes: \"{}\"", abbreviate(value, shown_bytes)));
    }

    /// A ':' where no key can be: a value that holds ': ', or the line above lacks its own colon.
    void unexpected_colon() const {
        const auto line = files_.line(file_, here_.line);
        if (is_long_key(here_.line)) {
            long_key(here_.line);
            return;
        }
        const auto above = line_above(here_.line);
        const auto key = key_of(line);
        if (above != 0 && key_of(files_.line(file_, above)).empty() &&
            indentation_of(files_.line(file_, above)) == indentation_of(line)) {
            missing_colon(above);
        } else if (above != 0 && lacks_colon(files_.line(file_, above)) &&
                   indentation_of(files_.line(file_, above)) < indentation_of(line)) {
            missing_colon(above);
        } else if (const auto colon = line.find(": "); colon != std::string_view::npos && colon + 1 < here_.column) {
            const auto value = trim(line.substr(colon + 2));
            tell(here_,
                 fmt::format("the value {} of {} holds a ': ', which would begin a mapping", quoted(value),
                             about(here_)),
                 fmt::format("put it in quotes: \"{}\"", abbreviate(value, shown_bytes)));
        } else {
            wrong_indentation(key);
        }
    }

    /// What a flow collection lacks: libyaml names the place where it stopped, people need the one where it opens.
    void no_flow_value() const {
        const auto opened = innermost_bracket();
        if (from(here_).starts_with(',')) {
            tell(here_, fmt::format("a ',' too many in {}", about(here_)), "remove it");
        } else if (opened.line != 0) {
            const bool list = from(opened).starts_with('[');
            tell(opened,
                 fmt::format("the {} of {} is not closed with '{}': {}", list ? "list" : "mapping", about(opened),
                             list ? ']' : '}', quoted(from(opened))),
                 fmt::format("add '{}' behind the last entry", list ? ']' : '}'));
        } else {
            unknown("did not find expected node content");
        }
    }

    /// Lines that a version control system leaves behind where it could not join two versions.
    bool tell_conflict_marker() const {
        for (const auto number : {opening_.line, here_.line}) {
            const auto line = files_.line(file_, number);
            if (line.starts_with("<<<<<<<") || line.starts_with("=======") || line.starts_with(">>>>>>>")) {
                findings_.error({file_, number, 1}, Path{},
                                fmt::format("{} is the mark of a merge that was not finished", quoted(line)),
                                "keep one of the two versions and remove the lines with '<<<<<<<', '=======' and "
                                "'>>>>>>>'");
                return true;
            }
        }
        return false;
    }

    void missing_colon_at_opening() const {
        if (is_long_key(opening_.line)) {
            long_key(opening_.line);
        } else {
            missing_colon(opening_.line);
        }
    }

    void wrong_indentation() const { wrong_indentation(key_of(files_.line(file_, here_.line))); }

    void unexpected_entry() const {
        tell(here_, fmt::format("a list entry cannot stand here, in {}", about(here_)),
             "put the '-' on a line of its own, below the key");
    }

    void undefined_tag() const {
        tell(here_, fmt::format("the tag of {} is not known: {}", about(here_), quoted(from(here_))),
             "put a value that begins with '!' in quotes");
    }

    void nameless_anchor() const {
        const auto value = from(opening_);
        tell(opening_,
             fmt::format("the value {} of {} would be an anchor or alias, and has no name", quoted(value),
                         about(opening_)),
             fmt::format("put it in quotes: \"{}\"", abbreviate(value, shown_bytes)));
    }

    /// With the tab the line's own indentation says nothing: the line above tells what it is about.
    void tab() const {
        const auto line = files_.line(file_, here_.line);
        const auto above = line_above(here_.line);
        const Mark mark{file_, here_.line, static_cast<std::uint32_t>(line.find('\t') + 1)};
        findings_.error(mark, Path{},
                        fmt::format("a tab in the indentation of {}, below {}; YAML allows only spaces there",
                                    quoted(trim(line)), above == 0 ? "nothing" : about({file_, above, 1})),
                        "replace the tab with spaces");
    }

    void unknown(std::string_view problem) const {
        tell(here_,
             fmt::format("{} is not readable as YAML: {}", about(here_), problem.empty() ? "unknown mistake" : problem),
             {});
    }

private:
    static constexpr std::size_t shown_bytes = 80;
    static constexpr std::size_t longest_key = 1024;  // characters (YAML 1.2, 7.4.2 "single line")

    /// A word alone on its line, where deeper lines follow: a key.
    static bool lacks_colon(std::string_view line) {
        const auto text = trim(line);
        return text.find_first_of(" :#[]{}\"'") == std::string_view::npos && !text.starts_with('-');
    }

    bool is_long_key(std::uint32_t number) const {
        const auto text = trim(files_.line(file_, number));
        const auto colon = text.find(": ");
        return std::min(colon, text.size()) > longest_key && (colon != std::string_view::npos || text.ends_with(':'));
    }

    void long_key(std::uint32_t number) const {
        const auto line = files_.line(file_, number);
        tell({file_, number, static_cast<std::uint32_t>(indentation_of(line) + 1)},
             fmt::format("the key {} in {} is longer than {} characters, which YAML does not allow", quoted(trim(line)),
                         about_line_above(number), longest_key),
             "a long text belongs behind a key: 'key: text'");
    }

    void tell(Mark mark, std::string message, std::string hint) const {
        findings_.add({Severity::error, mark, find_line_context(files_, file_, mark.line).path(), std::move(message),
                       std::move(hint)});
    }

    std::string about(Mark mark) const { return find_line_context(files_, file_, mark.line).describe(); }

    static std::string quoted(std::string_view text) { return fmt::format("'{}'", abbreviate(text, shown_bytes)); }

    /// The rest of the line from a place on.
    std::string_view from(Mark mark) const {
        auto line = files_.line(file_, mark.line);
        for (std::uint32_t column = 1; column < mark.column && !line.empty(); ++column) {
            do {
                line.remove_prefix(1);
            } while (!line.empty() && (static_cast<unsigned char>(line.front()) & 0xC0U) == 0x80U);
        }
        return trim(line);
    }

    /// The nearest line above with content, 0 if there is none.
    std::uint32_t line_above(std::uint32_t line) const {
        do {
            --line;
        } while (line > 0 && !has_content(files_.line(file_, line)));
        return line;
    }

    void missing_colon(std::uint32_t number) const {
        const auto line = files_.line(file_, number);
        if (const auto above = line_above(number); above != 0 && begins_block(files_.line(file_, above))) {
            tell({file_, number, static_cast<std::uint32_t>(indentation_of(line) + 1)},
                 fmt::format("{} does not belong to the text of {}, which begins in line {}: it is not indented "
                             "further",
                             quoted(trim(line)), about({file_, above, 1}), above),
                 fmt::format("indent it by more than {} spaces", indentation_of(files_.line(file_, above))));
            return;
        }
        const auto text = trim(line);
        const auto end = text.find_first_of(": ");
        const auto key = text.substr(0, end);
        const auto value = end == std::string_view::npos ? std::string_view{} : trim(text.substr(end + 1));
        const Mark mark{file_, number, static_cast<std::uint32_t>(indentation_of(line) + 1)};
        const bool no_space = end != std::string_view::npos && text[end] == ':';
        tell(mark,
             no_space ? fmt::format("{} in {} has no space behind its ':'", quoted(text), about_line_above(number))
                      : fmt::format("{} in {} has no ':' behind its key", quoted(text), about_line_above(number)),
             value.empty()
                 ? fmt::format("write '{}:'", abbreviate(key, shown_bytes))
                 : fmt::format("write '{}: {}'", abbreviate(key, shown_bytes), abbreviate(value, shown_bytes)));
    }

    /// "key: |" or "key: >-".
    static bool begins_block(std::string_view line) {
        const auto text = trim(line.substr(0, line.find(" #")));
        const auto sign = text.find_last_of("|>");
        return sign != std::string_view::npos && sign > 1 && text[sign - 1] == ' ' &&
               text.find_first_not_of("+-123456789", sign + 1) == std::string_view::npos;
    }

    /// The '[' or '{' that is open where the parser stopped; line 0 if there is none.
    Mark innermost_bracket() const {
        constexpr std::uint32_t most_lines = 2000;
        std::vector<Mark> open;
        for (std::uint32_t number = here_.line > most_lines ? here_.line - most_lines : 1; number <= here_.line;
             ++number) {
            scan_brackets(number, open);
        }
        return open.empty() ? Mark{} : open.back();
    }

    void scan_brackets(std::uint32_t number, std::vector<Mark>& open) const {
        const auto line = files_.line(file_, number);
        char quote = 0;
        std::uint32_t column = 0;
        for (std::size_t i = 0; i < line.size(); ++i) {
            column += (static_cast<unsigned char>(line[i]) & 0xC0U) != 0x80U ? 1 : 0;
            const char c = line[i];
            if (number == here_.line && column >= here_.column) {
                return;
            }
            if (quote != 0) {
                quote = c == quote ? '\0' : quote;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '#' && (i == 0 || line[i - 1] == ' ')) {
                return;
            } else if (c == '[' || c == '{') {
                open.push_back({file_, number, column});
            } else if ((c == ']' || c == '}') && !open.empty()) {
                open.pop_back();
            }
        }
    }

    /// What the mapping around a line is about.
    std::string about_line_above(std::uint32_t number) const {
        return find_line_context(files_, file_, number).parent().describe();
    }

    static bool is_entry(std::string_view line) { return trim(line).starts_with("- "); }

    /// A line that fits to none of the lines above.
    void wrong_indentation(std::string_view key) const {
        const auto line = files_.line(file_, here_.line);
        const auto indentation = indentation_of(line);
        const auto above = line_above(here_.line);
        const auto wanted = above == 0 ? 0 : indentation_of(files_.line(file_, above));
        const auto what = key.empty() ? quoted(trim(line)) : fmt::format("'{}'", abbreviate(key, shown_bytes));
        if (above != 0 && wanted == indentation && !key.empty() && !is_entry(line) &&
            is_entry(files_.line(file_, above))) {
            tell(here_,
                 fmt::format("{} cannot stand here, in {}: the lines above it are a list", what,
                             about_line_above(here_.line)),
                 "begin the line with '- ' too, or indent it like the key that it belongs beside");
            return;
        }
        if (above == 0 || wanted == indentation) {
            tell(here_, fmt::format("{} cannot stand here, in {}", what, about_line_above(here_.line)),
                 "indent it like the lines that it belongs to, and put text with ': ' in quotes");
            return;
        }
        tell(here_,
             fmt::format("{} in {} is indented by {} spaces, but line {} by {}", what, about_line_above(here_.line),
                         indentation, above, wanted),
             fmt::format("indent it by {} spaces to go with line {}", wanted, above));
    }

    const SourceFiles& files_;
    Mark here_;
    Mark opening_;
    FileId file_;
    Findings& findings_;
};

struct Explanation {
    std::string_view problem;  // part of the parser's words
    void (Trouble::*tell)() const;
};

// In the parser's words -> in ours. The first that matches counts.
constexpr Explanation explanations[] = {
    {"found unexpected end of stream", &Trouble::open_quote},
    {"found unexpected document indicator", &Trouble::open_quote},
    {"found unknown escape character", &Trouble::unknown_escape},
    {"did not find expected hexdecimal number", &Trouble::unknown_escape},
    {"did not find expected node content", &Trouble::no_flow_value},
    {"did not find expected ',' or ']'", &Trouble::open_list},
    {"did not find expected ',' or '}'", &Trouble::open_mapping},
    {"found character that cannot start any token", &Trouble::bad_first_character},
    {"mapping values are not allowed in this context", &Trouble::unexpected_colon},
    {"could not find expected ':'", &Trouble::missing_colon_at_opening},
    {"did not find expected '-' indicator", &Trouble::wrong_indentation},
    {"block sequence entries are not allowed in this context", &Trouble::unexpected_entry},
    {"did not find expected key", &Trouble::wrong_indentation},
    {"found undefined tag handle", &Trouble::undefined_tag},
    {"did not find expected alphabetic or numeric character", &Trouble::nameless_anchor},
};

bool line_has_tab_indent(std::string_view line) {
    const std::size_t text = line.find_first_not_of(' ');
    return text != std::string_view::npos && line[text] == '\t';
}

}  // namespace

void explain_yaml_error(const yaml_parser_s& parser, const SourceFiles& files, FileId file, Findings& findings) {
    const std::string_view problem = words(parser.problem);
    if (parser.error == YAML_MEMORY_ERROR) {
        throw std::bad_alloc{};
    }
    if (parser.error == YAML_READER_ERROR) {
        findings.error(place_of_offset(files, file, parser.problem_offset), Path{},
                       fmt::format("not readable as YAML: {}", problem),
                       problem.find("control characters") == std::string_view::npos
                           ? "save the file as UTF-8 text"
                           : "remove the character that cannot be seen, or write it as an escape in double quotes");
        return;
    }
    const Mark here = place(file, parser.problem_mark);
    const Mark opening = parser.context == nullptr ? here : place(file, parser.context_mark);
    const Trouble trouble{files, file, here, opening, findings};
    if (line_has_tab_indent(files.line(file, here.line))) {
        trouble.tab();
        return;
    }
    if (trouble.tell_conflict_marker()) {
        return;
    }
    for (const Explanation& known : explanations) {
        if (problem.find(known.problem) != std::string_view::npos) {
            (trouble.*known.tell)();
            return;
        }
    }
    trouble.unknown(problem);
}

}  // namespace stack::compose
