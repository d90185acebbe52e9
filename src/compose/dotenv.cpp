#include "compose/dotenv.hpp"

#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "compose/limits.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t quoted_bytes = 60;  // of the user's text in a message

/// White space that does not end a line.
bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/// Letters and digits of any script, as docker compose has it: all of UTF-8 beyond ASCII passes.
bool is_name_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '[' || c == ']';
}

std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    return text;
}

/// Knows line and column of an offset. Moves forward only, so that a whole file costs one pass.
class Cursor {
public:
    Cursor(std::string_view text, FileId file) : text_{text}, mark_{file, 1, 1} {}

    Mark at(std::size_t offset) {
        for (; offset_ < offset && offset_ < text_.size(); ++offset_) {
            const auto byte = static_cast<unsigned char>(text_[offset_]);
            if (byte == '\n') {
                ++mark_.line;
                mark_.column = 1;
            } else if ((byte & 0xC0U) != 0x80U) {  // a character, not the rest of one
                ++mark_.column;
            }
        }
        return mark_;
    }

private:
    std::string_view text_;
    std::size_t offset_{0};
    Mark mark_;
};

/// "\0" with three octal digits is a character by its number; anything else stays as it is written.
std::optional<std::string> octal_escape(std::string_view digits) {
    const auto code = digits.size() == 3 ? parse_uint(digits, 8) : std::nullopt;
    if (!code || *code > 0xFF) {
        return std::nullopt;
    }
    if (*code < 0x80) {
        return std::string(1, static_cast<char>(*code));
    }
    return std::string{static_cast<char>(0xC0U | (*code >> 6U)), static_cast<char>(0x80U | (*code & 0x3FU))};
}

std::optional<std::string_view> simple_escape(char c) {
    switch (c) {
        case 'a':
            return "\a";
        case 'b':
            return "\b";
        case 'f':
            return "\f";
        case 'n':
            return "\n";
        case 'r':
            return "\r";
        case 't':
            return "\t";
        case 'v':
            return "\v";
        case '"':
            return "\"";
        case '\\':
            return "\\";
        case '$':
            return "$$";  // not a variable: the substitution that follows makes one dollar of two
        default:
            return std::nullopt;
    }
}

/// The escapes of a double-quoted value. Unknown ones keep their backslash.
std::string unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char next = text[i + 1];
        if (const auto simple = simple_escape(next)) {
            out += *simple;
            ++i;
        } else if (next == '0') {
            std::size_t end = i + 2;
            while (end < text.size() && end < i + 5 && text[end] >= '0' && text[end] <= '7') {
                ++end;
            }
            const auto character = octal_escape(text.substr(i + 2, end - i - 2));
            out += character ? *character : std::string{text.substr(i, end - i)};
            i = end - 1;
        } else {
            out += '\\';
        }
    }
    return out;
}

/// What stands between the quotes, with `\'` (or `\"`) made a quote and without the carriage returns of CRLF files.
struct Quoted {
    std::string text;
    std::size_t end;  // of the closing quote
};

std::optional<Quoted> read_quoted(std::string_view text, std::size_t open) {
    const char quote = text[open];
    Quoted result{{}, 0};
    for (std::size_t i = open + 1; i < text.size(); ++i) {
        const char c = text[i];
        if (c == quote) {
            result.end = i;
            return result;
        }
        if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
            continue;
        }
        if (c != '\\' || i + 1 == text.size()) {
            result.text += c;
        } else if (text[++i] == quote) {
            result.text += quote;
        } else {
            result.text += '\\';
            result.text += text[i];
        }
    }
    return std::nullopt;
}

class Parser {
public:
    Parser(std::string_view text, FileId file, const Lookup& lookup, Findings& findings)
        : text_{text}, cursor_{text, file}, lookup_{lookup}, findings_{findings} {
        if (text_.starts_with(byte_order_mark)) {
            text_.remove_prefix(byte_order_mark.size());
            cursor_ = Cursor{text_, file};
        }
    }

    std::vector<DotenvVariable> parse() {
        if (skip_to_statement() && text_[pos_] == '{') {
            error(cursor_.at(pos_), "the file begins with '{', like JSON: an env file has lines of NAME=VALUE",
                  "write NAME=VALUE, one on a line");
            return {};
        }
        while (skip_to_statement()) {
            statement();
        }
        return std::move(variables_);
    }

private:
    bool skip_to_statement() {
        while (pos_ < text_.size()) {
            const char c = text_[pos_];
            if (c == '#') {
                skip_line();
            } else if (is_blank(c) || c == '\n') {
                ++pos_;
            } else {
                return true;
            }
        }
        return false;
    }

    void skip_line() { pos_ = line_end(); }

    std::size_t line_end() const {
        const auto end = text_.find('\n', pos_);
        return end == npos ? text_.size() : end;
    }

    void skip_blanks() {
        while (pos_ < text_.size() && is_blank(text_[pos_])) {
            ++pos_;
        }
    }

    void skip_export() {
        constexpr std::string_view word = "export";
        if (text_.substr(pos_).starts_with(word) && pos_ + word.size() < text_.size() &&
            is_blank(text_[pos_ + word.size()])) {
            pos_ += word.size();
            skip_blanks();
        }
    }

    void statement() {
        skip_export();
        const std::size_t start = pos_;
        std::size_t end = start;
        while (end < text_.size() && (is_name_character(text_[end]) || is_blank(text_[end]))) {
            ++end;
        }
        const Mark mark = cursor_.at(start);
        const auto name = trim_blanks(text_.substr(start, end - start));
        const bool at_line_end = end == text_.size() || text_[end] == '\n';
        if (!check_name(name, mark, end, at_line_end)) {
            skip_line();
        } else if (at_line_end) {
            pos_ = end;
            variables_.push_back({std::string{name}, {}, false, mark});
        } else {
            pos_ = end + 1;
            value(std::string{name}, mark);
        }
    }

    bool check_name(std::string_view name, Mark mark, std::size_t end, bool at_line_end) {
        if (!at_line_end && text_[end] != '=' && text_[end] != ':') {
            bad_character(end);
            return false;
        }
        if (name.empty()) {
            if (!at_line_end) {
                error(mark, fmt::format("no variable name before '{}'", text_[end]), "write NAME=VALUE");
            }
            return false;
        }
        if (name.find_first_of(" \t") != npos) {
            error(mark, fmt::format("variable name '{}' contains a space", abbreviate(name, quoted_bytes)),
                  at_line_end ? "write NAME=VALUE, or begin a comment with '#'" : "remove the space, or use '_'");
            return false;
        }
        return true;
    }

    void bad_character(std::size_t offset) {
        const auto line = trim_blanks(text_.substr(pos_, line_end() - pos_));
        const Mark mark = cursor_.at(offset);
        error(mark,
              fmt::format("unexpected character '{}' in the variable name of '{}'",
                          abbreviate(text_.substr(offset, 1), 1), abbreviate(line, quoted_bytes)),
              "names are made of letters, digits, '_', '.' and '-'; write NAME=VALUE");
    }

    void value(std::string name, Mark mark) {
        const std::size_t after_sign = pos_;
        skip_blanks();
        if (pos_ < text_.size() && (text_[pos_] == '"' || text_[pos_] == '\'')) {
            quoted_value(std::move(name), mark);
            return;
        }
        const std::size_t end = line_end();
        auto raw = text_.substr(pos_, end - pos_);
        if (raw.starts_with('#') && pos_ > after_sign) {
            raw = {};
        }
        raw = trim_blanks(raw.substr(0, raw.find(" #")));
        const std::size_t start = pos_;
        add(std::move(name), mark, raw, [&](std::size_t offset) { return cursor_.at(start + offset); });
        pos_ = end;
    }

    void quoted_value(std::string name, Mark mark) {
        const std::size_t open = pos_;
        const char quote = text_[open];
        const Mark open_mark = cursor_.at(open);
        auto quoted = read_quoted(text_, open);
        if (!quoted) {
            const auto line = trim_blanks(text_.substr(open, line_end() - open));
            error(open_mark,
                  fmt::format("the value of '{}' opens a quote that is never closed: {}",
                              abbreviate(name, quoted_bytes), abbreviate(line, quoted_bytes)),
                  fmt::format("close it with {}", quote));
            pos_ = text_.size();
            return;
        }
        if (quote == '\'') {
            set(std::move(name), std::move(quoted->text), mark);
        } else {
            // After an escape, offsets in the value are no offsets in the file: then the value's begin has to do.
            const bool same = quoted->text.size() == quoted->end - open - 1 && quoted->text.find('\\') == npos;
            add(std::move(name), mark, unescape(quoted->text),
                [&](std::size_t offset) { return same ? cursor_.at(open + 1 + offset) : open_mark; });
        }
        pos_ = quoted->end + 1;
        check_after_quote();
    }

    /// More variables may follow on the line, as in a shell; a rest that is none would be lost unseen.
    void check_after_quote() {
        skip_blanks();
        const std::size_t end = line_end();
        if (pos_ == end || text_[pos_] == '#') {
            return;
        }
        const auto rest = text_.substr(pos_, end - pos_);
        if (rest.find_first_of("=:") == npos) {
            const Mark mark = cursor_.at(pos_);
            error(mark,
                  fmt::format("text after the closing quote of '{}': '{}'",
                              abbreviate(variables_.empty() ? "" : variables_.back().name, quoted_bytes),
                              abbreviate(trim_blanks(rest), quoted_bytes)),
                  "put it inside the quotes, or begin a comment with '#'");
            pos_ = end;
        }
    }

    template <class MarkAt>
    void add(std::string name, Mark mark, std::string_view raw, const MarkAt& mark_at) {
        if (raw.find('$') == npos) {
            set(std::move(name), std::string{raw}, mark);
            return;
        }
        const Lookup lookup = [this](std::string_view wanted) -> std::optional<std::string> {
            if (auto found = lookup_(wanted)) {
                return found;
            }
            const auto earlier = last_.find(std::string{wanted});
            return earlier == last_.end() ? std::nullopt : std::optional{variables_[earlier->second].value};
        };
        std::vector<SubstituteProblem> problems;
        auto text = substitute(raw, lookup, problems);
        for (auto& problem : problems) {
            findings_.add(
                {problem.severity, mark_at(problem.offset), {}, std::move(problem.message), std::move(problem.hint)});
        }
        total_ += text.size();
        if (total_ > limits::substitution_bytes) {
            error(mark,
                  fmt::format("the values of the file grow beyond {} MiB by their variables",
                              limits::substitution_bytes >> 20U),
                  {});
            text_ = {};  // each line may double what came before
            return;
        }
        set(std::move(name), std::move(text), mark);
    }

    void set(std::string name, std::string text, Mark mark) {
        last_[name] = variables_.size();
        variables_.push_back({std::move(name), std::move(text), true, mark});
    }

    void error(Mark mark, std::string message, std::string hint) {
        findings_.add({Severity::error, mark, {}, std::move(message), std::move(hint)});
    }

    std::string_view text_;
    std::size_t pos_{0};
    Cursor cursor_;
    const Lookup& lookup_;
    Findings& findings_;
    std::vector<DotenvVariable> variables_;
    std::size_t total_{0};                               // bytes of values with variables
    std::unordered_map<std::string, std::size_t> last_;  // name -> its latest place in variables_
};

std::optional<DotenvVariable> raw_line(std::string_view line, Mark mark, Findings& findings) {
    const auto sign = line.find('=');
    const auto name = line.substr(0, sign);
    const auto fail = [&](std::string message, std::string hint) {
        findings.add({Severity::error, mark, {}, std::move(message), std::move(hint)});
        return std::nullopt;
    };
    if (name.empty()) {
        return fail(fmt::format("no variable name in '{}'", abbreviate(line, quoted_bytes)), "write NAME=VALUE");
    }
    if (name.find_first_of(" \t") != npos) {
        return fail(fmt::format("variable name '{}' contains a space", abbreviate(name, quoted_bytes)),
                    "write NAME=VALUE, without spaces around '='");
    }
    return DotenvVariable{std::string{name}, sign == npos ? std::string{} : std::string{line.substr(sign + 1)},
                          sign != npos, mark};
}

}  // namespace

std::vector<DotenvVariable> parse_dotenv_raw(std::string_view text, FileId file, Findings& findings) {
    std::vector<DotenvVariable> variables;
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    for (std::uint32_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        text = end == npos ? std::string_view{} : text.substr(end + 1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        Mark mark{file, number, 1};
        while (!line.empty() && is_blank(line.front())) {
            line.remove_prefix(1);
            ++mark.column;
        }
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        if (auto variable = raw_line(line, mark, findings)) {
            variables.push_back(std::move(*variable));
        }
    }
    return variables;
}

std::vector<DotenvVariable> parse_dotenv(std::string_view text, FileId file, const Lookup& lookup, Findings& findings) {
    return Parser{text, file, lookup, findings}.parse();
}

}  // namespace stack::compose
