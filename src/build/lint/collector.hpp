#pragma once

#include <string>
#include <utility>
#include <vector>

#include "build/dockerfile/instruction.hpp"
#include "build/lint/lint.hpp"

namespace stack::build {

/// Takes the findings that the options ask for.
class LintCollector {
public:
    explicit LintCollector(const LintOptions& options) : options_{options} {}

    void add(const char* rule, const Instruction& instruction, std::string text) {
        add(rule, instruction.pos, instruction.last_line, std::move(text));
    }
    void add(const char* rule, const SourcePos& pos, int last_line, std::string text) {
        if (options_.wants(rule)) {
            warnings_.push_back({rule, std::move(text), pos, last_line});
        }
    }
    std::vector<LintWarning>& warnings() noexcept { return warnings_; }

private:
    const LintOptions& options_;
    std::vector<LintWarning> warnings_;
};

/// The instruction's keyword as it was written: "from".
std::string written_keyword(const Instruction& instruction);

// The rules, by what they look at.
void lint_lines(const Dockerfile& file, LintCollector& found);
void lint_from(const StagedFile& staged, const BuildRequest& request, LintCollector& found);
void lint_instructions(const Stage& stage, const BuildRequest& request, bool has_shell, LintCollector& found);
/// What stages know of variables, by number; nullopt: the base image is not known.
using KnownNames = std::vector<std::optional<std::vector<std::string>>>;
void lint_variables(const StagedFile& staged, const Stage& stage, KnownNames& known, LintCollector& found);

}  // namespace stack::build
