#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/error.hpp"

namespace stack::build {

/// One finding of a build check (docs.docker.com "Build checks").
struct LintWarning {
    std::string rule;  ///< "WorkdirRelativePath"
    std::string text;
    SourcePos pos;
    int last_line{0};  ///< of the instruction that begins at `pos`
};

/// What a rule is about, in one sentence; empty for a name that is no rule.
std::string_view lint_rule_description(std::string_view rule);

/// Where the rule is explained.
std::string lint_rule_url(std::string_view rule);

/// Lines `first` to `last` of a Dockerfile, marked, with their neighbours: "   3 | >>> RUN make".
std::vector<std::string> dockerfile_excerpt(const std::vector<std::string>& lines, int first, int last);

}  // namespace stack::build
