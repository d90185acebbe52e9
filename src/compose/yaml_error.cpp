#include "compose/yaml_error.hpp"

#include <fmt/format.h>
#include <yaml.h>

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

struct Explanation {
    std::string_view problem;  // part of the parser's words
    bool at_opening;           // point at where the construct began
    std::string_view message;
    std::string_view hint;
};

// In the parser's words -> in ours. The first that matches counts.
constexpr Explanation explanations[] = {
    {"found unexpected end of stream", true, "this quote is not closed",
     "add the missing quote at the end of the value"},
    {"found unexpected document indicator", true, "this quote is not closed",
     "add the missing quote at the end of the value"},
    {"found unknown escape character", false, "unknown escape after a backslash in double quotes",
     "write '\\\\' for a backslash, or use single quotes"},
    {"did not find expected ',' or ']'", true, "this list is not closed with ']', or a ',' is missing in it", ""},
    {"did not find expected ',' or '}'", true, "this mapping is not closed with '}', or a ',' is missing in it",
     "text with '{' at its beginning must be quoted"},
    {"found character that cannot start any token", false, "this character cannot begin a value", "quote the value"},
    {"mapping values are not allowed in this context", false, "a ':' is not expected here",
     "indent the line like its neighbours, or quote a value that holds ': '"},
    {"could not find expected ':'", false, "a ':' is missing after this key",
     "write 'key: value', with a space after the ':'"},
    {"did not find expected '-' indicator", false, "a list entry that begins with '-' is expected here",
     "indent the line like the entries above"},
    {"block sequence entries are not allowed in this context", false, "a list entry is not expected here",
     "put the '-' on a line of its own, below the key"},
    {"did not find expected key", false, "a key is expected here", "indent the line like the keys above"},
    {"found undefined tag handle", false, "this tag is not known", "quote a value that begins with '!'"},
    {"did not find expected alphabetic or numeric character", false, "an anchor or alias needs a name",
     "quote a value that begins with '*' or '&'"},
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
                       fmt::format("not readable as YAML: {}", problem), "save the file as UTF-8 text");
        return;
    }
    const Mark here = place(file, parser.problem_mark);
    const Mark opening = parser.context == nullptr ? here : place(file, parser.context_mark);
    if (line_has_tab_indent(files.line(file, here.line))) {
        findings.error({file, here.line, static_cast<std::uint32_t>(files.line(file, here.line).find('\t') + 1)},
                       Path{}, "a tab in the indentation; YAML allows only spaces there",
                       "replace the tab with spaces");
        return;
    }
    for (const Explanation& known : explanations) {
        if (problem.find(known.problem) != std::string_view::npos) {
            findings.error(known.at_opening ? opening : here, Path{}, std::string{known.message},
                           std::string{known.hint});
            return;
        }
    }
    findings.error(here, Path{},
                   fmt::format("not readable as YAML: {}", problem.empty() ? "unknown mistake" : problem));
}

}  // namespace stack::compose
