// What is said of FROM: names of stages, images and platforms.
#include <set>

#include <fmt/format.h>

#include "build/dockerfile/words.hpp"
#include "build/lint/collector.hpp"
#include "image/config.hpp"
#include "image/reference.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

void stage_names(const StagedFile& staged, LintCollector& found) {
    std::set<std::string> seen;
    for (const auto& stage : staged.stages) {
        if (stage.name.empty()) {
            continue;
        }
        const auto written = split_blanks(stage.from.text).back();
        if (written != stage.name) {
            found.add("StageNameCasing", stage.from, fmt::format("Stage name '{}' should be lowercase", written));
        }
        if (stage.name == "scratch" || stage.name == "context") {
            found.add("ReservedStageName", stage.from,
                      fmt::format("Stage name should not use the same name as reserved stage \"{}\"", stage.name));
        }
        if (!seen.insert(stage.name).second) {
            found.add("DuplicateStageName", stage.from,
                      fmt::format("Duplicate stage name \"{}\", stage names should be unique", written));
        }
    }
}

/// Variables of FROM that no ARG before it declares.
class FromArgs {
public:
    FromArgs(const StagedFile& staged, const BuildRequest& request, LintCollector& found)
        : staged_{staged}, platform_{platform_args(request.platform)}, found_{found} {}

    void look_at(const Stage& stage) const {
        undeclared(stage, split_blanks(stage.from.text).front());
        if (const auto flag = flag_value(stage.from, "platform")) {
            undeclared(stage, *flag);
        }
    }

    /// With the defaults alone the image must have a name.
    void check_default(const Stage& stage) const {
        const auto written = split_blanks(stage.from.text).front();
        if (written.find('$') == std::string::npos) {
            return;
        }
        const WordExpander expand{staged_.file->directives.escape,
                                  [&](const std::string& name) { return find(staged_.default_args, name); }};
        try {
            (void)image::parse_reference(expand.word(written));
        } catch (const Error&) {
            found_.add("InvalidDefaultArgInFrom", stage.from,
                       fmt::format("Default value for ARG {} results in empty or invalid base image name", written));
        }
    }

private:
    std::optional<std::string> find(const StringMap& args, const std::string& name) const {
        if (const auto known = args.find(name); known != args.end()) {
            return known->second;
        }
        const auto known = platform_.find(name);
        return known == platform_.end() ? std::nullopt : std::optional{known->second};
    }

    void undeclared(const Stage& stage, const std::string& word) const {
        Strings missing;
        const WordExpander expand{staged_.file->directives.escape,
                                  [&](const std::string& name) -> std::optional<std::string> {
                                      return staged_.declared_args.contains(name) ? std::optional<std::string>{""}
                                                                                  : find(staged_.global_args, name);
                                  },
                                  [&](const std::string& name) { missing.push_back(name); }};
        (void)expand.word(word);
        for (const auto& name : missing) {
            Strings known{staged_.declared_args.begin(), staged_.declared_args.end()};
            for (const auto& [one, value] : platform_) {
                known.push_back(one);
            }
            const auto near = nearest(name, known);
            found_.add("UndefinedArgInFrom", stage.from,
                       fmt::format("FROM argument '{}' is not declared{}", name,
                                   near ? fmt::format(" (did you mean {}?)", *near) : ""));
        }
    }

    const StagedFile& staged_;
    StringMap platform_;
    LintCollector& found_;
};

void platform_flag(const Stage& stage, LintCollector& found) {
    const auto flag = flag_value(stage.from, "platform");
    if (!flag) {
        return;
    }
    if (*flag == "$TARGETPLATFORM" || *flag == "${TARGETPLATFORM}") {
        found.add(
            "RedundantTargetPlatform", stage.from,
            "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior");
    }
    if (flag->find('$') != std::string::npos) {
        return;
    }
    const auto platform = image::parse_platform(*flag);
    // "AS build-arm64": one of several stages that another FROM chooses from.
    const bool is_choice = stage.name.find(platform.architecture) != std::string::npos ||
                           stage.name.find(platform.os) != std::string::npos;
    if (!is_choice) {
        found.add("FromPlatformFlagConstDisallowed", stage.from,
                  fmt::format("FROM --platform flag should not use constant value \"{}\"", *flag));
    }
}

}  // namespace

void lint_from(const StagedFile& staged, const BuildRequest& request, LintCollector& found) {
    stage_names(staged, found);
    const FromArgs args{staged, request, found};
    for (const auto& stage : staged.stages) {
        args.look_at(stage);
        args.check_default(stage);
        platform_flag(stage, found);
    }
}

}  // namespace stack::build
