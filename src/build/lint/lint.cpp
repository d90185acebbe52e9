#include "build/lint/lint.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "build/lint/collector.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

struct Rule {
    std::string_view name, description;
    bool experimental{false};
};

constexpr std::array rules{
    Rule{"StageNameCasing", "Stage names should be lowercase"},
    Rule{"FromAsCasing", "The 'as' keyword should match the case of the 'from' keyword"},
    Rule{"NoEmptyContinuation", "Empty continuation lines will become errors in a future release"},
    Rule{"ConsistentInstructionCasing",
         "All commands within the Dockerfile should use the same casing (either upper or lower)"},
    Rule{"DuplicateStageName", "Stage names should be unique"},
    Rule{"ReservedStageName", "Reserved words should not be used as stage names"},
    Rule{"JSONArgsRecommended",
         "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals"},
    Rule{"MaintainerDeprecated",
         "The MAINTAINER instruction is deprecated, use a label instead to define an image author"},
    Rule{"UndefinedArgInFrom", "FROM command must use declared ARGs"},
    Rule{"WorkdirRelativePath",
         "Relative workdir without an absolute workdir declared within the build can have unexpected results if the "
         "base image changes"},
    Rule{"UndefinedVar", "Variables should be defined before their use"},
    Rule{"MultipleInstructionsDisallowed",
         "Multiple instructions of the same type should not be used in the same stage"},
    Rule{"LegacyKeyValueFormat", "Legacy key/value format with whitespace separator should not be used"},
    Rule{"RedundantTargetPlatform",
         "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior"},
    Rule{"SecretsUsedInArgOrEnv", "Sensitive data should not be used in the ARG or ENV commands"},
    Rule{"InvalidDefaultArgInFrom", "Default value for global ARG results in an empty or invalid base image name"},
    Rule{"FromPlatformFlagConstDisallowed", "FROM --platform flag should not use a constant value"},
    Rule{"CopyIgnoredFile", "Attempting to Copy file that is excluded by .dockerignore"},
    Rule{"InvalidDefinitionDescription",
         "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is "
         "not intended to be a description comment, add an empty line or comment between the instruction and the "
         "comment.",
         true},
    Rule{"ExposeProtoCasing", "Protocol in EXPOSE instruction should be lowercase"},
    Rule{"ExposeInvalidFormat",
         "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a "
         "future release"},
};

const Rule* find_rule(std::string_view name) {
    const auto* const found = std::ranges::find(rules, name, &Rule::name);
    return found == rules.end() ? nullptr : found;
}

void read_names(std::string_view value, std::set<std::string>& names, bool& all) {
    for (const auto name : split(value, ',')) {
        if (trim(name) == "all") {
            all = true;
        } else if (!trim(name).empty()) {
            names.emplace(trim(name));
        }
    }
}

void read_option(LintOptions& options, std::string_view text) {
    const auto equals = text.find('=');
    const auto key = trim(text.substr(0, equals));
    const auto value = equals == std::string_view::npos ? std::string_view{} : trim(text.substr(equals + 1));
    if (equals != std::string_view::npos && key == "skip") {
        read_names(value, options.skipped, options.skips_all);
    } else if (equals != std::string_view::npos && key == "experimental") {
        read_names(value, options.experimental, options.all_experimental);
    } else if (key == "error" && (value == "true" || value == "1" || value == "false" || value == "0")) {
        options.error = value == "true" || value == "1";
    } else {
        throw Error(Errc::invalid_input, fmt::format("'{}' is no option of checks", trim(text)))
            .hint("write skip=RULE,RULE or skip=all, error=true and experimental=RULE, with ';' between them");
    }
}

}  // namespace

std::string_view lint_rule_description(std::string_view rule) {
    const auto* const known = find_rule(rule);
    return known == nullptr ? std::string_view{} : known->description;
}

/// "JSONArgsRecommended" lies under "json-args-recommended".
std::string lint_rule_url(std::string_view rule) {
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    std::string words;
    for (size_t i = 0; i < rule.size(); ++i) {
        const bool next_is_lower = i + 1 < rule.size() && !is_upper(rule[i + 1]);
        if (i > 0 && is_upper(rule[i]) && (!is_upper(rule[i - 1]) || next_is_lower)) {
            words += '-';
        }
        words += rule[i];
    }
    return fmt::format("https://docs.docker.com/go/dockerfile/rule/{}/", to_lower(words));
}

std::vector<std::string> dockerfile_excerpt(const std::vector<std::string>& lines, int first, int last) {
    constexpr int neighbours = 2;
    std::vector<std::string> excerpt;
    const int end = std::min(static_cast<int>(lines.size()), last + neighbours);
    for (int line = std::max(1, first - neighbours); line <= end; ++line) {
        const bool inside = line >= first && line <= last;
        excerpt.push_back(
            fmt::format("{:>4} | {} {}", line, inside ? ">>>" : "   ", lines[static_cast<size_t>(line) - 1]));
    }
    return excerpt;
}

bool LintOptions::wants(std::string_view rule) const {
    const std::string name{rule};
    const auto* const known = find_rule(rule);
    if (known != nullptr && known->experimental && !all_experimental && !experimental.contains(name)) {
        return false;
    }
    return !skips_all && !skipped.contains(name);
}

LintOptions read_lint_options(const Dockerfile& file, const BuildRequest& request) {
    LintOptions options;
    const auto given = request.args.find("BUILDKIT_DOCKERFILE_CHECK");
    const bool is_given = given != request.args.end() && given->second;
    const std::string text = is_given ? *given->second : file.directives.check;
    for (const auto part : split(text, ';')) {
        if (trim(part).empty()) {
            continue;
        }
        try {
            read_option(options, part);
        } catch (const Error& error) {
            throw is_given ? error : Error{error}.at({file.name, 1, 1});
        }
    }
    return options;
}

std::string written_keyword(const Instruction& instruction) {
    const auto text = trim(instruction.original);
    return std::string{text.substr(0, text.find_first_of(" \t\n\\`"))};
}

std::vector<LintWarning> lint(const StagedFile& staged, const std::vector<size_t>& stages, const BuildRequest& request,
                              const LintOptions& options, const FindBaseConfig& find_base) {
    LintCollector found{options};
    lint_lines(*staged.file, found);
    lint_from(staged, request, found);
    KnownNames known(staged.stages.size());
    std::vector<bool> has_shell(staged.stages.size());
    for (const auto index : stages) {
        const auto& stage = staged.stages[index];
        if (stage.base_stage) {
            known[index] = known[*stage.base_stage];
            has_shell[index] = has_shell[*stage.base_stage];
        } else if (stage.base == "scratch") {
            known[index] = {"PATH"};
        } else if (const auto config = find_base(stage)) {
            known[index].emplace();
            for (const auto& line : config->env) {
                known[index]->push_back(line.substr(0, line.find('=')));
            }
            has_shell[index] = config->shell.has_value();
        }
        lint_instructions(stage, request, has_shell[index], found);
        has_shell[index] = has_shell[index] || std::ranges::find(stage.steps, std::string{"SHELL"},
                                                                 &Instruction::keyword) != stage.steps.end();
        lint_variables(staged, stage, known, found);
    }
    std::ranges::stable_sort(found.warnings(), {}, [](const LintWarning& one) { return one.pos.line; });
    return std::move(found.warnings());
}

void enforce(const LintOptions& options, const std::vector<LintWarning>& warnings) {
    if (!options.error || warnings.empty()) {
        return;
    }
    std::vector<std::string> names;
    for (const auto& warning : warnings) {
        names.push_back(warning.rule);
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    throw Error(Errc::invalid_input, fmt::format("lint violation found for rules: {}", join(names, ", ")))
        .at(warnings.front().pos)
        .hint("mend what the check tells, or take error=true out of '# check='");
}

}  // namespace stack::build
