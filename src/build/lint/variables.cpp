// Variables that nothing has set where they are used.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "build/dockerfile/heredoc.hpp"
#include "build/dockerfile/words.hpp"
#include "build/lint/collector.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

class VariableLint {
public:
    VariableLint(char escape, std::vector<std::string>& known, LintCollector& found)
        : escape_{escape}, known_{known}, found_{found} {}

    void look_at(const Instruction& one) {
        one_ = &one;
        missing_.clear();
        defined_.clear();
        try {
            if (one.keyword == "ARG") {
                arg();
            } else if (one.keyword == "ENV" || one.keyword == "LABEL") {
                pairs();
            } else if (one.keyword == "COPY" || one.keyword == "ADD") {
                files();
            } else if (one.keyword == "RUN") {
                flags();
            } else if (one.keyword == "EXPOSE" || one.keyword == "STOPSIGNAL" || one.keyword == "USER" ||
                       one.keyword == "VOLUME" || one.keyword == "WORKDIR") {
                use(one.text);
            }
        } catch (const Error&) {
            // What cannot be read ends the build, with its own message.
        }
        report();
        known_.insert(known_.end(), defined_.begin(), defined_.end());
    }

private:
    WordExpander expander() {
        return WordExpander{
            escape_,
            [&](const std::string& name) { return is_known(name) ? std::optional<std::string>{""} : std::nullopt; },
            [&](const std::string& name) { missing_.push_back(name); }};
    }
    bool is_known(const std::string& name) const {
        const bool here = one_->keyword == "ARG" && defined_.contains(name);  // a line's ARGs see each other
        return here || std::ranges::find(known_, name) != known_.end();
    }
    void use(const std::string& text) { (void)expander().word(text); }

    void arg() {
        for (const auto& word : split_quoted(one_->text, escape_)) {
            if (const auto equals = word.find('='); equals != std::string::npos) {
                use(word.substr(equals + 1));
            }
            defined_.insert(word.substr(0, word.find('=')));
        }
    }

    void pairs() {
        const auto all = split_pairs(one_->text, escape_, one_->keyword);
        for (const auto& [name, value] : all) {
            use(name);
            use(value);
        }
        for (const auto& [name, value] : all) {
            if (one_->keyword == "ENV") {
                defined_.insert(name);
            }
        }
    }

    void flags() {
        for (const auto& flag : one_->flags) {
            use(flag.value.value_or(""));
        }
    }

    void files() {
        flags();
        for (const auto& word : one_->json ? *one_->json : split_blanks(one_->text)) {
            Heredoc heredoc;
            if (one_->json || !parse_heredoc_word(word, heredoc)) {
                use(word);
            }
        }
        for (const auto& heredoc : one_->heredocs) {
            if (heredoc.expand) {
                (void)expander().heredoc(heredoc.content);
            }
        }
    }

    void report() {
        std::ranges::sort(missing_);
        missing_.erase(std::unique(missing_.begin(), missing_.end()), missing_.end());
        for (const auto& name : missing_) {
            const auto near = nearest(name, known_);
            found_.add("UndefinedVar", *one_,
                       fmt::format("Usage of undefined variable '${}'{}", name,
                                   near ? fmt::format(" (did you mean ${}?)", *near) : ""));
        }
    }

    char escape_;
    std::vector<std::string>& known_;
    LintCollector& found_;
    const Instruction* one_{nullptr};
    std::vector<std::string> missing_;
    std::set<std::string> defined_;  ///< by this instruction
};

}  // namespace

void lint_variables(const StagedFile& staged, const Stage& stage, KnownNames& known, LintCollector& found) {
    auto& names = known[stage.index];
    if (!names) {
        return;
    }
    names->emplace_back("PATH");
    VariableLint pass{staged.file->directives.escape, *names, found};
    for (const auto& one : stage.steps) {
        pass.look_at(one);
    }
}

}  // namespace stack::build
