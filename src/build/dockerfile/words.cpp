#include "build/dockerfile/words.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_special(char c) {
    return std::string_view{"@*#?-$!"}.find(c) != std::string_view::npos;
}

bool matches(const std::string& pattern, const std::string& text) {
    return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

/// `${name#pattern}`: the shortest (or longest) match at the start goes; with `%` at the end.
std::string strip(const std::string& value, const std::string& pattern, bool at_end, bool longest) {
    for (size_t i = 0; i <= value.size(); ++i) {
        const size_t length = longest ? value.size() - i : i;
        const auto start = at_end ? value.size() - length : 0;
        if (matches(pattern, value.substr(start, length))) {
            return at_end ? value.substr(0, start) : value.substr(length);
        }
    }
    return value;
}

/// `${name/pattern/replacement}`: the longest match at the first place; with `//` at all places.
std::string substitute(const std::string& value, const std::string& pattern, const std::string& replacement, bool all) {
    std::string result;
    size_t at = 0;
    while (at < value.size()) {
        size_t length = value.size() - at;
        while (length > 0 && !matches(pattern, value.substr(at, length))) {
            --length;
        }
        if (length == 0) {
            result += value[at++];
            continue;
        }
        result += replacement;
        at += length;
        if (!all) {
            break;
        }
    }
    return result + value.substr(std::min(at, value.size()));
}

}  // namespace

/// One pass over a text. `out_` gathers the word; `words_` the finished ones.
class ExpansionRun {
public:
    ExpansionRun(const WordExpander& rules, std::string_view text) : rules_{rules}, text_{text} {}

    std::string one_word() {
        while (!done()) {
            plain_step();
        }
        return std::move(out_);
    }

    std::vector<std::string> many_words() {
        splitting_ = true;
        while (!done()) {
            if (is_blank(peek())) {
                ++at_;
                finish_word();
            } else {
                plain_step();
            }
        }
        finish_word();
        return std::move(words_);
    }

    std::string heredoc() {
        while (!done()) {
            if (peek() == '\\') {
                ++at_;
                if (!done()) {
                    out_ += take();
                }
            } else if (peek() == '$') {
                dollar(true);
            } else {
                out_ += take();
            }
        }
        return std::move(out_);
    }

private:
    bool done() const { return at_ >= text_.size(); }
    char peek() const { return text_[at_]; }
    char take() { return text_[at_++]; }

    void finish_word() {
        if (!out_.empty() || has_word_) {
            words_.push_back(std::move(out_));
        }
        out_.clear();
        has_word_ = false;
    }

    void plain_step() {
        const char c = peek();
        if (c == '\'') {
            single_quotes();
        } else if (c == '"') {
            double_quotes();
        } else if (c == '$') {
            dollar(false);
        } else if (c == rules_.escape_) {
            ++at_;
            if (!done()) {
                out_ += take();
            }
        } else {
            out_ += take();
        }
    }

    void single_quotes() {
        has_word_ = true;
        ++at_;
        while (!done() && peek() != '\'') {
            out_ += take();
        }
        close_quote("'");
    }

    void double_quotes() {
        has_word_ = true;
        ++at_;
        while (!done() && peek() != '"') {
            if (peek() == '$') {
                dollar(true);
            } else if (peek() == rules_.escape_ && at_ + 1 < text_.size()) {
                const char next = text_[at_ + 1];
                if (next != '"' && next != '$' && next != rules_.escape_) {
                    out_ += rules_.escape_;
                }
                out_ += next;
                at_ += 2;
            } else {
                out_ += take();
            }
        }
        close_quote("\"");
    }

    void close_quote(std::string_view quote) {
        if (done()) {
            throw Error(Errc::invalid_input, fmt::format("quote {} is not closed", quote));
        }
        ++at_;
    }

    void append_value(const std::string& value, bool quoted) {
        if (!splitting_ || quoted) {
            out_ += value;
            return;
        }
        for (const char c : value) {
            if (is_blank(c)) {
                finish_word();
            } else {
                out_ += c;
            }
        }
    }

    std::string name() {
        std::string name;
        if (!done() && (is_digit(peek()) || is_special(peek()))) {
            const bool digits = is_digit(peek());
            do {
                name += take();
            } while (digits && !done() && is_digit(peek()));
            return name;
        }
        while (!done() && (is_name_start(peek()) || is_digit(peek()))) {
            name += take();
        }
        return name;
    }

    std::string value_of(const std::string& variable, const std::optional<std::string>& value) const {
        if (!value && rules_.missing_ && is_name_start(variable.front())) {
            rules_.missing_(variable);
        }
        return value.value_or("");
    }

    void dollar(bool quoted) {
        ++at_;
        if (done() || (peek() != '{' && !is_name_start(peek()) && !is_digit(peek()) && !is_special(peek()))) {
            out_ += '$';
            return;
        }
        if (peek() != '{') {
            const auto variable = name();
            append_value(value_of(variable, rules_.lookup_(variable)), quoted);
            return;
        }
        ++at_;
        append_value(braced(), quoted);
    }

    /// Up to the `}` that closes, expanded; `stop` ends it earlier (the middle slash of a substitution).
    std::string operand(char stop = 0) {
        std::string raw;
        int depth = 0;
        while (!done() && (depth > 0 || (peek() != '}' && peek() != stop))) {
            if (peek() == rules_.escape_ && at_ + 1 < text_.size()) {
                raw += take();
            } else if (peek() == '$' && at_ + 1 < text_.size() && text_[at_ + 1] == '{') {
                ++depth;
            } else if (peek() == '}') {
                --depth;
            }
            raw += take();
        }
        if (++nesting_ > max_nesting) {
            throw Error(Errc::invalid_input, "variables are nested too deeply");
        }
        ExpansionRun inner{rules_, raw};
        inner.nesting_ = nesting_;
        auto result = inner.one_word();
        --nesting_;
        return result;
    }

    void expect_brace() {
        if (done() || peek() != '}') {
            throw Error(Errc::invalid_input, "'${' is not closed with '}'");
        }
        ++at_;
    }

    std::string braced() {
        const auto variable = name();
        if (variable.empty()) {
            throw Error(Errc::invalid_input, "'${' needs a variable's name");
        }
        const auto value = rules_.lookup_(variable);
        if (!done() && peek() == '}') {
            ++at_;
            return value_of(variable, value);
        }
        if (done()) {
            throw Error(Errc::invalid_input, "'${' is not closed with '}'");
        }
        return modified(variable, value);
    }

    std::string modified(const std::string& variable, const std::optional<std::string>& value) {
        char modifier = take();
        const bool empty_counts_as_unset = modifier == ':';
        if (empty_counts_as_unset) {
            modifier = done() ? '\0' : take();
        }
        const bool is_set = value && !(empty_counts_as_unset && value->empty());
        if (modifier == '-' || modifier == '+' || modifier == '?') {
            const auto word = operand();
            expect_brace();
            if (modifier == '?' && !is_set) {
                throw Error(Errc::invalid_input,
                            fmt::format("variable '{}': {}", variable, word.empty() ? "is not set" : word));
            }
            if (modifier == '+') {
                return is_set ? word : "";
            }
            return is_set ? *value : word;
        }
        if (!empty_counts_as_unset && (modifier == '#' || modifier == '%')) {
            return stripped(modifier, value_of(variable, value));
        }
        if (!empty_counts_as_unset && modifier == '/') {
            return substituted(value_of(variable, value));
        }
        throw Error(Errc::invalid_input, fmt::format("'${{{}{}{}' is no form of variable", variable,
                                                     empty_counts_as_unset ? ":" : "", modifier));
    }

    std::string stripped(char modifier, const std::string& value) {
        const bool longest = !done() && peek() == modifier;
        at_ += longest ? 1 : 0;
        const auto pattern = operand();
        expect_brace();
        return strip(value, pattern, modifier == '%', longest);
    }

    std::string substituted(const std::string& value) {
        const bool all = !done() && peek() == '/';
        at_ += all ? 1 : 0;
        const auto pattern = operand('/');
        std::string replacement;
        if (!done() && peek() == '/') {
            ++at_;
            replacement = operand();
        }
        expect_brace();
        return substitute(value, pattern, replacement, all);
    }

    static constexpr int max_nesting = 100;
    const WordExpander& rules_;
    std::string_view text_;
    size_t at_{0};
    int nesting_{0};
    bool splitting_{false};
    bool has_word_{false};  ///< "" is a word, too
    std::string out_;
    std::vector<std::string> words_;
};

std::string WordExpander::word(std::string_view text) const {
    return ExpansionRun{*this, text}.one_word();
}

std::vector<std::string> WordExpander::words(std::string_view text) const {
    return ExpansionRun{*this, text}.many_words();
}

std::string WordExpander::heredoc(std::string_view text) const {
    return ExpansionRun{*this, text}.heredoc();
}

std::vector<std::string> split_blanks(std::string_view text) {
    std::vector<std::string> words;
    for (size_t at = 0; at < text.size();) {
        if (is_blank(text[at])) {
            ++at;
            continue;
        }
        size_t end = at;
        while (end < text.size() && !is_blank(text[end])) {
            ++end;
        }
        words.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

std::vector<std::string> split_quoted(std::string_view text, char escape) {
    std::vector<std::string> words;
    std::string word;
    char quote = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote == 0 && is_blank(c)) {
            if (!word.empty()) {
                words.push_back(std::move(word));
            }
            word.clear();
            continue;
        }
        word += c;
        if (c == escape && quote != '\'' && i + 1 < text.size()) {
            word += text[++i];
        } else if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote) {
            quote = 0;
        }
    }
    if (!word.empty()) {
        words.push_back(std::move(word));
    }
    return words;
}

std::vector<std::pair<std::string, std::string>> split_pairs(std::string_view text, char escape,
                                                             const std::string& keyword) {
    const auto words = split_quoted(text, escape);
    if (words.empty()) {
        throw Error(Errc::invalid_input, fmt::format("{} needs a name and a value", keyword));
    }
    std::vector<std::pair<std::string, std::string>> pairs;
    if (words.front().find('=') == std::string::npos) {
        // The old form: one name, the rest of the line is its value.
        const auto rest = trim(text.substr(text.find(words.front()) + words.front().size()));
        if (rest.empty()) {
            throw Error(Errc::invalid_input, fmt::format("{} '{}' has no value", keyword, words.front()))
                .hint(fmt::format("write {} {}=value", keyword, words.front()));
        }
        pairs.emplace_back(words.front(), rest);
        return pairs;
    }
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw Error(Errc::invalid_input, fmt::format("'{}' in {} is not of the form name=value", word, keyword))
                .hint("put a value with blanks in quotes");
        }
        pairs.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
    return pairs;
}

}  // namespace stack::build
