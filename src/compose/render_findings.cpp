#include <algorithm>

#include <fmt/format.h>

#include "compose/finding.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

// Together well below 4 KB.
constexpr std::size_t message_bytes = 1500;
constexpr std::size_t hint_bytes = 600;
constexpr std::size_t place_bytes = 400;
constexpr std::size_t path_bytes = 300;
constexpr std::size_t excerpt_columns = 100;

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

/// The byte at which the n-th character (from 0) of `line` begins; its size if it has no more.
std::size_t offset_of(std::string_view line, std::size_t character) {
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (begins_character(line[i]) && character-- == 0) {
            return i;
        }
    }
    return line.size();
}

/// What of a line is shown, and where in it the caret stands.
struct Excerpt {
    std::string text;
    std::size_t caret{0};
};

/// A long line is cut to a window around the column.
Excerpt cut(std::string_view line, std::size_t column) {
    constexpr std::size_t before = excerpt_columns / 2;
    const std::size_t first = column > excerpt_columns - 10 ? column - before : 0;
    const std::size_t begin = offset_of(line, first);
    // A character has four bytes at most: no need to count to the end of a line of megabytes.
    const auto rest = line.substr(begin, excerpt_columns * 4 + 4);
    const std::size_t length = offset_of(rest, excerpt_columns);
    const bool is_cut = begin + length < line.size();
    std::string shown{rest.substr(0, length)};
    std::replace(shown.begin(), shown.end(), '\t', ' ');
    Excerpt excerpt{(first > 0 ? "…" : "") + abbreviate(shown, shown.size()), column - first};
    excerpt.caret += first > 0 ? 1 : 0;
    excerpt.text += is_cut ? "…" : "";
    return excerpt;
}

void append_excerpt(std::string& out, const Finding& finding, const SourceFiles& files) {
    const Mark mark = finding.mark;
    const auto line = files.line(mark.file, mark.line);
    if (trim(line).empty()) {
        return;
    }
    const auto excerpt = cut(line, mark.column == 0 ? 0 : mark.column - 1);
    const auto number = std::to_string(mark.line);
    out += fmt::format(" {:>4} | {}\n", number, excerpt.text);
    out += fmt::format(" {:>4} | {}^\n", std::string(number.size(), ' '), std::string(excerpt.caret, ' '));
}

void append(std::string& out, const Finding& finding, const SourceFiles& files) {
    out += finding.severity == Severity::error ? "error: " : "warning: ";
    out += abbreviate(finding.message, message_bytes) + '\n';
    if (finding.mark.file != 0) {
        out += "  --> " + abbreviate(to_string(files.position(finding.mark)), place_bytes);
        out += finding.path.empty() ? "\n" : fmt::format(" ({})\n", abbreviate(finding.path, path_bytes));
        if (finding.mark.line != 0) {
            append_excerpt(out, finding, files);
        }
    }
    if (!finding.hint.empty()) {
        out += "  " + abbreviate(finding.hint, hint_bytes) + '\n';
    }
}

}  // namespace

std::string render_findings(const std::vector<Finding>& findings, const SourceFiles& files) {
    std::string out;
    for (const auto& finding : findings) {
        out += out.empty() ? "" : "\n";
        append(out, finding, files);
    }
    return out;
}

}  // namespace stack::compose
