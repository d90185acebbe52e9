#include <cctype>
#include <optional>

#include <fmt/format.h>

#include "cli/template/ast.hpp"
#include "support/error.hpp"

namespace stack::cli::tmpl {

namespace {

[[noreturn]] void fail(const std::string& why) {
    throw Error{Errc::invalid_input, fmt::format("template parsing error: {}", why)};
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// The words inside one "{{ }}".
class ActionParser {
public:
    explicit ActionParser(std::string_view text) : text_{text} {}

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) {
            ++at_;
        }
    }
    bool done() {
        skip_blanks();
        return at_ >= text_.size();
    }
    std::string name() {
        const size_t begin = at_;
        while (at_ < text_.size() && is_name(text_[at_])) {
            ++at_;
        }
        return std::string{text_.substr(begin, at_ - begin)};
    }
    /// Takes `word` if it comes next as a whole word.
    bool take_word(std::string_view word) {
        skip_blanks();
        const bool matches = text_.substr(at_, word.size()) == word &&
                             (at_ + word.size() >= text_.size() || !is_name(text_[at_ + word.size()]));
        at_ += matches ? word.size() : 0;
        return matches;
    }

    Pipeline pipeline() {
        Pipeline result;
        declaration(result);
        do {
            result.commands.push_back(command());
            skip_blanks();
        } while (take('|'));
        return result;
    }

private:
    bool take(char c) {
        skip_blanks();
        if (at_ < text_.size() && text_[at_] == c) {
            ++at_;
            return true;
        }
        return false;
    }

    /// "$i, $x := " or "$x = "; leaves everything where it was if there is none.
    void declaration(Pipeline& result) {
        const size_t before = at_;
        std::vector<std::string> names;
        while (take('$')) {
            names.push_back(name());
            if (!take(',')) {
                break;
            }
        }
        skip_blanks();
        const bool declares = text_.substr(at_, 2) == ":=";
        const bool assigns = !declares && text_.substr(at_, 1) == "=";
        if (names.empty() || (!declares && !assigns)) {
            at_ = before;
            return;
        }
        at_ += declares ? 2 : 1;
        result.variables = names;
        result.declares = declares;
    }

    Command command() {
        Command result;
        for (skip_blanks(); at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')'; skip_blanks()) {
            result.words.push_back(operand());
        }
        if (result.words.empty()) {
            fail("missing value for command");
        }
        return result;
    }

    std::vector<std::string> fields() {
        std::vector<std::string> all;
        while (at_ < text_.size() && text_[at_] == '.') {
            ++at_;
            std::string field = name();
            if (field.empty()) {
                break;  // the dot alone
            }
            all.push_back(std::move(field));
        }
        return all;
    }

    std::string quoted(char quote) {
        std::string out;
        for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\\' && quote == '"' && at_ + 1 < text_.size()) {
                const char next = text_[++at_];
                out += next == 'n' ? '\n' : next == 't' ? '\t' : next;
            } else {
                out += text_[at_];
            }
        }
        if (at_ >= text_.size()) {
            fail("unterminated quoted string");
        }
        ++at_;
        return out;
    }

    Operand operand() {
        Operand result;
        const char c = text_[at_];
        if (c == '.') {
            result.fields = fields();
        } else if (c == '$') {
            ++at_;
            result.kind = Operand::Kind::variable;
            result.text = name();
            result.fields = fields();
        } else if (c == '"' || c == '`') {
            result.kind = Operand::Kind::text;
            result.text = quoted(c);
        } else if (c == '(') {
            ++at_;
            result.kind = Operand::Kind::nested;
            result.nested = std::make_shared<Pipeline>(pipeline());
            if (!take(')')) {
                fail("unclosed left paren");
            }
            result.fields = fields();
        } else {
            word(result);
        }
        return result;
    }

    void word(Operand& result) {
        const size_t begin = at_;
        if (text_[at_] == '-') {
            ++at_;
        }
        while (at_ < text_.size() && (is_name(text_[at_]) || (text_[at_] == '.' && at_ > begin))) {
            ++at_;
        }
        result.text = std::string{text_.substr(begin, at_ - begin)};
        if (result.text.empty()) {
            fail(fmt::format("unexpected \"{}\"", text_[at_]));
        }
        const char first = result.text[result.text[0] == '-' && result.text.size() > 1 ? 1 : 0];
        if (std::isdigit(static_cast<unsigned char>(first)) != 0) {
            result.kind = Operand::Kind::number;
        } else if (result.text == "true" || result.text == "false") {
            result.kind = Operand::Kind::boolean;
        } else {
            result.kind = result.text == "nil" ? Operand::Kind::nil : Operand::Kind::function;
        }
    }

    std::string_view text_;
    size_t at_{0};
};

class Parser {
public:
    explicit Parser(std::string_view text) : text_{text} {}

    std::vector<Node> all() {
        std::vector<Node> nodes;
        if (const std::optional<std::string> stop = list(nodes)) {
            fail(fmt::format("unexpected {{{{{}}}}}", *stop));
        }
        return nodes;
    }

private:
    /// Up to the end of the text, or to "end" or "else …", which is returned.
    std::optional<std::string> list(std::vector<Node>& nodes) {
        while (at_ < text_.size()) {
            const size_t open = text_.find("{{", at_);
            add_text(nodes, text_.substr(at_, open == std::string_view::npos ? open : open - at_));
            if (open == std::string_view::npos) {
                at_ = text_.size();
                return std::nullopt;
            }
            if (std::optional<std::string> stop = action(nodes, take_action(open))) {
                return stop;
            }
        }
        return std::nullopt;
    }

    void add_text(std::vector<Node>& nodes, std::string_view piece) {
        if (trim_next_) {
            while (!piece.empty() && is_blank(piece.front())) {
                piece.remove_prefix(1);
            }
        }
        trim_next_ = false;
        if (!piece.empty()) {
            nodes.push_back(
                {.kind = Node::Kind::text, .text = std::string{piece}, .pipeline = {}, .body = {}, .otherwise = {}});
        }
    }

    std::string_view take_action(size_t open) {
        size_t close = open + 2;
        char quote = 0;
        while (close < text_.size() && (quote != 0 || text_.substr(close, 2) != "}}")) {
            const char c = text_[close];
            if (quote == 0 && (c == '"' || c == '`')) {
                quote = c;
            } else if (c == quote) {
                quote = 0;
            }
            ++close;
        }
        if (close >= text_.size()) {
            fail("unclosed action");
        }
        at_ = close + 2;
        std::string_view inner = text_.substr(open + 2, close - open - 2);
        if (inner.size() > 1 && inner[0] == '-' && is_blank(inner[1])) {
            inner.remove_prefix(1);
            trim_before_ = true;
        }
        if (inner.size() > 1 && inner.back() == '-' && is_blank(inner[inner.size() - 2])) {
            inner.remove_suffix(1);
            trim_next_ = true;
        }
        return inner;
    }

    static void trim_last(std::vector<Node>& nodes) {
        if (!nodes.empty() && nodes.back().kind == Node::Kind::text) {
            std::string& text = nodes.back().text;
            while (!text.empty() && is_blank(text.back())) {
                text.pop_back();
            }
        }
    }

    std::optional<std::string> action(std::vector<Node>& nodes, std::string_view inner) {
        if (trim_before_) {
            trim_last(nodes);
            trim_before_ = false;
        }
        while (!inner.empty() && is_blank(inner.front())) {
            inner.remove_prefix(1);
        }
        ActionParser words{inner};
        if (inner.starts_with("/*") || words.done()) {
            return std::nullopt;
        }
        if (words.take_word("end")) {
            return "end";
        }
        if (words.take_word("else")) {
            words.skip_blanks();
            rest_of_else_ = words.done() ? std::string_view{} : inner.substr(inner.find("else") + 4);
            return "else";
        }
        Node node;
        node.kind = words.take_word("if")      ? Node::Kind::branch_if
                    : words.take_word("range") ? Node::Kind::branch_range
                    : words.take_word("with")  ? Node::Kind::branch_with
                                               : Node::Kind::print;
        node.pipeline = words.pipeline();
        if (node.kind != Node::Kind::print) {
            branches(node);
        }
        nodes.push_back(std::move(node));
        return std::nullopt;
    }

    void branches(Node& node) {
        std::optional<std::string> stop = list(node.body);
        if (stop == "else") {
            if (!rest_of_else_.empty()) {  // "else if": one more branch that shares our "end"
                action(node.otherwise, rest_of_else_);
                return;
            }
            stop = list(node.otherwise);
        }
        if (stop != "end") {
            fail("unexpected EOF");
        }
    }

    std::string_view text_;
    std::string_view rest_of_else_;
    size_t at_{0};
    bool trim_next_{false}, trim_before_{false};
};

}  // namespace

std::vector<Node> parse(std::string_view text) {
    return Parser{text}.all();
}

}  // namespace stack::cli::tmpl
