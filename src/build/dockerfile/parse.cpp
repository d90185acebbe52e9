#include "build/dockerfile/parse.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "build/dockerfile/heredoc.hpp"
#include "build/dockerfile/lines.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

constexpr size_t largest_dockerfile = size_t{1} << 20U;
constexpr std::string_view blanks = " \t";

/// What the grammar alone must know of an instruction.
struct Grammar {
    std::string_view keyword;
    bool flags, json, heredocs;
};
constexpr std::array grammar{
    Grammar{"ADD", true, true, true},           Grammar{"ARG", false, false, false},
    Grammar{"CMD", false, true, false},         Grammar{"COPY", true, true, true},
    Grammar{"ENTRYPOINT", false, true, false},  Grammar{"ENV", false, false, false},
    Grammar{"EXPOSE", false, false, false},     Grammar{"FROM", true, false, false},
    Grammar{"HEALTHCHECK", true, false, false}, Grammar{"LABEL", false, false, false},
    Grammar{"MAINTAINER", false, false, false}, Grammar{"ONBUILD", false, false, true},
    Grammar{"RUN", true, true, true},           Grammar{"SHELL", false, true, false},
    Grammar{"STOPSIGNAL", false, false, false}, Grammar{"USER", false, false, false},
    Grammar{"VOLUME", false, true, false},      Grammar{"WORKDIR", false, false, false},
};

const Grammar& grammar_of(const std::string& keyword, const std::string& written, const SourcePos& pos) {
    const auto* const found = std::ranges::find(grammar, keyword, &Grammar::keyword);
    if (found != grammar.end()) {
        return *found;
    }
    Error error{Errc::invalid_input, fmt::format("unknown instruction '{}'", abbreviate(written, 40))};
    if (const auto near = nearest(keyword, known_keywords())) {
        error.set_hint(fmt::format("did you mean '{}'?", *near));
    }
    throw std::move(error).at(pos);
}

bool is_flag_start(std::string_view text) {
    constexpr size_t shortest = 3;
    return text.size() >= shortest && text.starts_with("--") && std::isalpha(static_cast<unsigned char>(text[2])) != 0;
}

/// Takes one `--name[=value]` word off the front; quotes keep blanks inside.
Flag take_flag(std::string_view& text, char escape) {
    std::string word;
    char quote = 0;
    size_t at = 0;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (quote == 0 && blanks.find(c) != std::string_view::npos) {
            break;
        }
        if (c == escape && quote != '\'' && at + 1 < text.size()) {
            word += text[++at];
        } else if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote) {
            quote = 0;
        } else {
            word += c;
        }
    }
    text.remove_prefix(at);
    text = trim(text);
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
        return {word.substr(2), std::nullopt};
    }
    return {word.substr(2, equals - 2), word.substr(equals + 1)};
}

/// Fills keyword, flags, text and json of `instruction` from its joined line.
const Grammar& cut_line(std::string_view line, Instruction& instruction, char escape) {
    line = trim(line);
    const auto end = std::min(line.find_first_of(blanks), line.size());
    const std::string written{line.substr(0, end)};
    instruction.keyword = written;
    std::ranges::transform(instruction.keyword, instruction.keyword.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto& rules = grammar_of(instruction.keyword, written, instruction.pos);
    auto rest = trim(line.substr(end));
    while (rules.flags && is_flag_start(rest)) {
        instruction.flags.push_back(take_flag(rest, escape));
    }
    instruction.text = std::string{rest};
    if (rules.json) {
        instruction.json = parse_exec_form(instruction.text);
    }
    return rules;
}

/// Goes over the lines of one file.
class Parser {
public:
    explicit Parser(Dockerfile& file) : file_{file} {}

    void run() {
        file_.directives = parse_directives(file_.lines, file_.name, at_);
        while (at_ < file_.lines.size()) {
            if (is_blank(file_.lines[at_]) || is_comment(file_.lines[at_])) {
                ++at_;
            } else {
                file_.instructions.push_back(read_instruction());
            }
        }
    }

private:
    char escape() const { return file_.directives.escape; }

    Instruction read_instruction() {
        Instruction instruction;
        const auto first = at_;
        const auto column = file_.lines[at_].find_first_not_of(blanks) + 1;
        instruction.pos = {file_.name, static_cast<int>(at_) + 1, static_cast<int>(column)};
        const std::string line = join_continued();
        const auto& rules = cut_line(line, instruction, escape());
        if (rules.heredocs) {
            read_heredocs(instruction);
        }
        for (size_t i = first; i < at_; ++i) {
            instruction.original += (i == first ? "" : "\n") + file_.lines[i];
        }
        instruction.last_line = static_cast<int>(at_);
        return instruction;
    }

    /// Joins the lines of one instruction. Comments between them vanish; so do empty lines, with a warning.
    std::string join_continued() {
        std::string joined;
        bool more = true;
        bool warned = false;
        for (bool first = true; more && at_ < file_.lines.size(); ++at_) {
            const auto& line = file_.lines[at_];
            if (!first && is_comment(line)) {
                continue;
            }
            if (!first && is_blank(line)) {
                if (!warned) {
                    warned = true;
                    file_.warnings.push_back({{file_.name, static_cast<int>(at_) + 1, 1}, "Empty continuation line"});
                }
                continue;
            }
            first = false;
            const auto cut = without_continuation(line, escape());
            joined += cut ? *cut : line;
            more = cut.has_value();
        }
        return joined;
    }

    void read_heredocs(Instruction& instruction) {
        if (instruction.json) {
            return;
        }
        for (auto& heredoc : find_heredocs(instruction.text, escape())) {
            read_heredoc_body(heredoc, instruction);
            instruction.heredocs.push_back(std::move(heredoc));
        }
    }

    void read_heredoc_body(Heredoc& heredoc, const Instruction& instruction) {
        while (at_ < file_.lines.size()) {
            std::string_view line = file_.lines[at_++];
            while (heredoc.chomp && line.starts_with('\t')) {
                line.remove_prefix(1);
            }
            if (line == heredoc.name) {
                return;
            }
            heredoc.content.append(line);
            heredoc.content += '\n';
        }
        throw Error(Errc::invalid_input, fmt::format("here-document '{}' is not closed", heredoc.name))
            .at(instruction.pos)
            .hint(fmt::format("write '{}' alone on a line after its content", heredoc.name));
    }

    Dockerfile& file_;
    size_t at_{0};
};

}  // namespace

std::optional<std::vector<std::string>> parse_exec_form(const std::string& text) {
    if (!text.starts_with('[')) {
        return std::nullopt;
    }
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    if (!parsed.is_array()) {
        return std::nullopt;
    }
    std::vector<std::string> words;
    for (const auto& word : parsed) {
        if (!word.is_string()) {
            return std::nullopt;
        }
        words.push_back(word.get<std::string>());
    }
    return words;
}

const std::vector<std::string>& known_keywords() {
    static const std::vector<std::string> keywords = [] {
        std::vector<std::string> all;
        for (const auto& row : grammar) {
            all.emplace_back(row.keyword);
        }
        return all;
    }();
    return keywords;
}

Dockerfile parse_dockerfile(std::string_view text, const std::string& name) {
    if (text.size() > largest_dockerfile) {
        throw Error(Errc::invalid_input, "a Dockerfile of more than 1 MiB is refused").at({name, 0, 0});
    }
    Dockerfile file;
    file.name = name;
    file.lines = split_lines(text);
    Parser{file}.run();
    if (file.instructions.empty()) {
        throw Error(Errc::invalid_input, "the Dockerfile has no instruction")
            .at({name, 0, 0})
            .hint("it needs at least 'FROM image'");
    }
    return file;
}

Instruction parse_trigger(const std::string& line, const SourcePos& pos, char escape) {
    Instruction instruction;
    instruction.pos = pos;
    instruction.original = line;
    instruction.last_line = pos.line;
    const auto newline = line.find('\n');
    const auto& rules = cut_line(line.substr(0, newline), instruction, escape);
    if (rules.heredocs && !instruction.json && newline != std::string::npos) {
        auto whole = parse_dockerfile(line, pos.file);
        instruction.heredocs = std::move(whole.instructions.front().heredocs);
    }
    return instruction;
}

}  // namespace stack::build
