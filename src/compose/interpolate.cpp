#include "compose/interpolate.hpp"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "compose/limits.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

bool begins_name(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool in_name(char c) {
    return begins_name(c) || (c >= '0' && c <= '9');
}

std::size_t name_length(std::string_view text) {
    if (text.empty() || !begins_name(text.front())) {
        return 0;
    }
    std::size_t length = 1;
    while (length < text.size() && in_name(text[length])) {
        ++length;
    }
    return length;
}

enum class Operator : std::uint8_t { none, fallback, alternative, required };

/// What stands between the braces of ${NAME:-word}.
struct Expression {
    std::string_view name;
    Operator op{Operator::none};
    bool empty_counts_as_unset{false};
    std::string_view word;
    std::size_t word_offset{0};
};

/// One pass over a text, brace by brace; nested words are substituted only where their value is needed.
class Substitution {
public:
    /// With `only_notes` every word is looked at, needed or not, and what comes out means nothing.
    Substitution(const Lookup& lookup, std::vector<SubstituteProblem>& problems, VariableUses* uses,
                 bool only_notes = false)
        : lookup_{lookup}, problems_{problems}, uses_{uses}, only_notes_{only_notes} {}

    std::string run(std::string_view text, std::size_t base, std::size_t depth) {
        if (depth > limits::substitution_depth) {
            fail(base, fmt::format("more than {} variables within each other", limits::substitution_depth), {});
            return {};
        }
        std::string out;
        std::size_t at = 0;
        while (at < text.size() && !failed_) {
            const std::size_t dollar = std::min(text.find('$', at), text.size());
            out.append(text, at, dollar - at);
            at = dollar;
            if (at < text.size()) {
                at = variable(text, at, base, depth, out);
            }
            if (out.size() > limits::substitution_bytes) {
                fail(base,
                     fmt::format("the value grows beyond {} MiB by its variables", limits::substitution_bytes >> 20U),
                     {});
            }
        }
        return out;
    }

private:
    // Gives the offset after what was read.
    std::size_t variable(std::string_view text, std::size_t at, std::size_t base, std::size_t depth, std::string& out) {
        const std::string_view rest = text.substr(at + 1);
        if (rest.starts_with('$')) {
            out += '$';
            return at + 2;
        }
        if (const std::size_t length = name_length(rest); length > 0) {
            out += plain_value(rest.substr(0, length), base + at);
            return at + 1 + length;
        }
        if (!rest.starts_with('{')) {
            out += '$';
            return at + 1;
        }
        const std::size_t close = closing_brace(text, at);
        if (close == std::string_view::npos) {
            fail(base + at, "'${' without a closing '}'", "close it with '}', or write '$$' for a dollar sign");
            return text.size();
        }
        const std::string_view inside = text.substr(at + 2, close - at - 2);
        Expression expression;
        if (!parse(inside, expression)) {
            fail(base + at,
                 fmt::format("'${{{}}}' is not a variable: after the name come '}}' or one of ':-', '-', ':?', '?', "
                             "':+', '+'",
                             abbreviate(inside, 100)),
                 fmt::format("write '$${{{}}}' if the text is meant as it is", abbreviate(inside, 100)));
            return text.size();
        }
        expression.word_offset += base + at + 2;
        out += value(expression, base + at, depth);
        return close + 1;
    }

    // Of the "${" at `at`; only "${" opens another level, as in a shell.
    static std::size_t closing_brace(std::string_view text, std::size_t at) {
        std::size_t open = 0;
        for (std::size_t i = at; i < text.size(); ++i) {
            if (text[i] == '}') {
                if (--open == 0) {
                    return i;
                }
            } else if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') {
                ++open;
                ++i;
            }
        }
        return std::string_view::npos;
    }

    static bool parse(std::string_view inside, Expression& into) {
        const std::size_t length = name_length(inside);
        into.name = inside.substr(0, length);
        std::string_view rest = inside.substr(length);
        if (length == 0 || rest.empty()) {
            return length > 0;
        }
        if (rest.starts_with(':')) {
            into.empty_counts_as_unset = true;
            rest.remove_prefix(1);
        }
        if (rest.empty()) {
            return false;
        }
        switch (rest.front()) {
            case '-':
                into.op = Operator::fallback;
                break;
            case '+':
                into.op = Operator::alternative;
                break;
            case '?':
                into.op = Operator::required;
                break;
            default:
                return false;
        }
        into.word = rest.substr(1);
        into.word_offset = inside.size() - into.word.size();
        return true;
    }

    std::string plain_value(std::string_view name, std::size_t offset) {
        note(name, Operator::none, {});
        if (auto found = lookup_(name)) {
            return std::move(*found);
        }
        if (told_.size() == most_told || !told_.emplace(name).second) {
            return {};
        }
        problems_.push_back({Severity::warning, offset, std::string{name},
                             fmt::format("variable '{}' is not set; it is blank here", abbreviate(name, 100)),
                             fmt::format("set it in .env or in the shell, give a default with '${{{0}:-…}}', or write "
                                         "'$${0}' if the text is meant as it is",
                                         abbreviate(name, 100))});
        return {};
    }

    std::string value(const Expression& expression, std::size_t offset, std::size_t depth) {
        if (expression.op == Operator::none) {
            return plain_value(expression.name, offset);
        }
        note(expression.name, expression.op, expression.word);
        if (only_notes_) {
            return word(expression, depth);
        }
        auto found = lookup_(expression.name);
        const bool set = found && !(expression.empty_counts_as_unset && found->empty());
        if (expression.op == Operator::alternative) {
            return set ? word(expression, depth) : std::string{};
        }
        if (set) {
            return std::move(*found);
        }
        if (expression.op == Operator::fallback) {
            return word(expression, depth);
        }
        const std::string why = word(expression, depth);
        if (!failed_) {
            fail(offset,
                 fmt::format("required variable '{}' is {}{}", abbreviate(expression.name, 100),
                             found ? "empty" : "not set", why.empty() ? "" : ": " + abbreviate(why, 500)),
                 fmt::format("set it: {}=… in .env or in the shell", abbreviate(expression.name, 100)));
        }
        return {};
    }

    std::string word(const Expression& expression, std::size_t depth) {
        return run(expression.word, expression.word_offset, depth + 1);
    }

    void note(std::string_view name, Operator op, std::string_view word) {
        if (uses_ == nullptr) {
            return;
        }
        auto known = uses_->find(name);
        if (known == uses_->end()) {
            known = uses_->emplace(name, VariableUse{std::string{name}, false, {}, {}}).first;
        }
        VariableUse& use = known->second;
        use.required = use.required || op == Operator::required;
        if (op == Operator::fallback && use.default_value.empty()) {
            use.default_value = word;
        } else if (op == Operator::alternative && use.alternate_value.empty()) {
            use.alternate_value = word;
        }
    }

    void fail(std::size_t offset, std::string message, std::string hint) {
        if (!failed_) {
            problems_.push_back({Severity::error, offset, {}, std::move(message), std::move(hint)});
        }
        failed_ = true;
    }

    static constexpr std::size_t most_told = Findings::max_findings;  // unset variables of one text

    const Lookup& lookup_;
    std::vector<SubstituteProblem>& problems_;
    VariableUses* uses_;
    bool only_notes_;
    std::unordered_set<std::string> told_;
    bool failed_{false};
};

// Where in the file the byte `offset` of a scalar's text stands. The text of a scalar and the file differ by quotes,
// escapes and folding, so the variable's own spelling is searched from where the scalar begins.
Mark mark_of(const Node& node, std::size_t offset, const SourceFiles& files) {
    const std::string_view text = node.text;
    const std::size_t name = offset + (text.substr(offset).starts_with("${") ? 2 : 1);
    const std::string_view needle = text.substr(
        offset, std::min(text.size(), name + name_length(text.substr(std::min(name, text.size())))) - offset);
    Mark mark = node.mark;
    const std::size_t last = mark.line + 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 50;
    for (std::size_t column = mark.column; mark.line <= last; ++mark.line, column = 1) {
        const std::string_view line = files.line(mark.file, mark.line);
        const std::size_t found = column > line.size() ? std::string_view::npos : line.find(needle, column - 1);
        if (found != std::string_view::npos) {
            mark.column = 1;
            for (std::size_t i = 0; i < found; ++i) {
                mark.column += (static_cast<unsigned char>(line[i]) & 0xC0U) != 0x80U ? 1 : 0;
            }
            return mark;
        }
    }
    return node.mark;
}

class Walk {
public:
    Walk(const SourceFiles& files, const Lookup& lookup, Findings& findings, InterpolationState& state)
        : files_{files}, lookup_{lookup}, findings_{findings}, state_{state} {}

    void node(Node& node, const Path& path) {
        if (node.is_string()) {
            scalar(node, path);
        } else if (node.is_mapping()) {
            for (Member& member : node.members()) {
                this->node(member.value, path / member.key);
            }
        } else if (node.is_sequence()) {
            std::size_t i = 0;
            for (Node& item : node.items()) {
                this->node(item, path / i++);
            }
        }
    }

private:
    void scalar(Node& node, const Path& path) {
        if (node.text.find('$') == std::string::npos) {
            return;
        }
        problems_.clear();
        if (state_.bytes > limits::project_substitution_bytes) {
            return;  // told already
        }
        std::string result = substitute(node.text, lookup_, problems_, &state_.uses);
        if (!problems_.empty() && problems_.back().severity == Severity::error) {
            tell(problems_.back(), node, path);
            return;  // the text stays open: what half of it would mean is not looked at
        }
        state_.bytes += result.size();
        if (state_.bytes > limits::project_substitution_bytes) {
            findings_.error(node.mark, path,
                            fmt::format("the values of the project grow beyond {} MiB by their variables",
                                        limits::project_substitution_bytes >> 20U));
        }
        for (const SubstituteProblem& problem : problems_) {
            tell(problem, node, path);
        }
        node.interpolated = node.interpolated || result != node.text;
        node.text = std::move(result);
    }

    void tell(const SubstituteProblem& problem, const Node& node, const Path& path) {
        if (problem.severity == Severity::warning) {
            if (!state_.warned.insert(problem.variable).second || findings_.dropped() > 0) {
                return;
            }
            findings_.warning(mark_of(node, problem.offset, files_), path, problem.message, problem.hint);
            return;
        }
        const std::string_view section = path.step(0);
        const std::string owner =
            section.empty() ? std::string{} : fmt::format(" (in '{}')", abbreviate(path.str(), 200));
        findings_.error(mark_of(node, problem.offset, files_), path, problem.message + owner, problem.hint);
    }

    const SourceFiles& files_;
    const Lookup& lookup_;
    Findings& findings_;
    InterpolationState& state_;
    std::vector<SubstituteProblem> problems_;
};

}  // namespace

std::string substitute(std::string_view text, const Lookup& lookup, std::vector<SubstituteProblem>& problems,
                       VariableUses* uses) {
    return Substitution{lookup, problems, uses}.run(text, 0, 0);
}

void collect_variables(const Node& document, VariableUses& uses) {
    if (document.is_string() && document.text.find('$') != std::string::npos) {
        std::vector<SubstituteProblem> problems;  // told when the text is really substituted
        const Lookup nothing = [](std::string_view) { return std::nullopt; };
        Substitution{nothing, problems, &uses, true}.run(document.text, 0, 0);
    }
    for (const Node& item : document.items()) {
        collect_variables(item, uses);
    }
    for (const Member& member : document.members()) {
        collect_variables(member.value, uses);
    }
}

void interpolate(Node& document, const SourceFiles& files, const Lookup& lookup, Findings& findings,
                 InterpolationState& state) {
    Walk{files, lookup, findings, state}.node(document, Path{});
}

}  // namespace stack::compose
