#include "build/stages.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "build/dockerfile/words.hpp"
#include "build/run_mounts.hpp"
#include "image/config.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

bool is_stage_name(std::string_view name) {
    constexpr std::string_view more = "-_.";
    return !name.empty() && name.front() >= 'a' && name.front() <= 'z' && std::ranges::all_of(name, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
    });
}

/// Reads the ARG lines before the first FROM. --build-arg wins over the default written there.
StringMap read_global_args(const std::vector<Instruction>& before, const Dockerfile& file,
                           const BuildRequest& request) {
    StringMap args;
    const auto platform = platform_args(request.platform);
    for (const auto& instruction : before) {
        if (instruction.keyword != "ARG") {
            throw Error(Errc::invalid_input,
                        fmt::format("{} stands before the first FROM; only ARG may", instruction.keyword))
                .at(instruction.pos);
        }
        const WordExpander expand{file.directives.escape, [&](const std::string& name) -> std::optional<std::string> {
                                      const auto found = args.find(name);
                                      if (found != args.end()) {
                                          return found->second;
                                      }
                                      const auto known = platform.find(name);
                                      return known == platform.end() ? std::nullopt : std::optional{known->second};
                                  }};
        for (const auto& word : split_quoted(instruction.text, file.directives.escape)) {
            const auto equals = word.find('=');
            const auto name = word.substr(0, equals);
            const auto given = request.args.find(name);
            if (given != request.args.end() && given->second) {
                args[name] = *given->second;
            } else if (equals != std::string::npos) {
                args[name] = expand.word(word.substr(equals + 1));
            }
        }
    }
    return args;
}

std::set<std::string> declared_names(const std::vector<Instruction>& before, const Dockerfile& file) {
    std::set<std::string> names;
    for (const auto& instruction : before) {
        for (const auto& word : split_quoted(instruction.text, file.directives.escape)) {
            names.insert(word.substr(0, word.find('=')));
        }
    }
    return names;
}

void read_from(Stage& stage, const StagedFile& staged, const BuildRequest& request) {
    const auto platform = platform_args(request.platform);
    const WordExpander expand{staged.file->directives.escape,
                              [&](const std::string& name) -> std::optional<std::string> {
                                  const auto found = staged.global_args.find(name);
                                  if (found != staged.global_args.end()) {
                                      return found->second;
                                  }
                                  const auto known = platform.find(name);
                                  return known == platform.end() ? std::nullopt : std::optional{known->second};
                              }};
    const auto words = split_blanks(stage.from.text);
    const bool named = words.size() == 3 && to_lower(words[1]) == "as";
    if (words.size() != 1 && !named) {
        throw Error(Errc::invalid_input, "FROM takes an image, or an image 'AS' a name").at(stage.from.pos);
    }
    stage.base = expand.word(words[0]);
    if (stage.base.empty()) {
        throw Error(Errc::invalid_input, fmt::format("the image '{}' of FROM is empty", words[0]))
            .at(stage.from.pos)
            .hint("give its ARG a default before FROM, or pass --build-arg");
    }
    if (const auto platform_flag = flag_value(stage.from, "platform")) {
        stage.platform = expand.word(*platform_flag);
    }
    if (named) {
        stage.name = to_lower(words[2]);
        if (!is_stage_name(stage.name)) {
            throw Error(Errc::invalid_input, fmt::format("'{}' cannot be the name of a stage", words[2]))
                .at(stage.from.pos)
                .hint("begin with a letter; then letters, digits, '-', '_' and '.'");
        }
    }
    if (request.contexts.contains(stage.base)) {
        return;
    }
    if (const auto* base = staged.find(stage.base, stage.index);
        base != nullptr && base->name == to_lower(stage.base)) {
        stage.base_stage = base->index;
    }
}

/// What this stage's steps read from other stages.
void find_needs(Stage& stage, const StagedFile& staged) {
    if (stage.base_stage) {
        stage.needs.push_back(*stage.base_stage);
    }
    const auto need = [&](const std::string& from) {
        if (const auto* other = staged.find(from, stage.index)) {
            stage.needs.push_back(other->index);
        }
    };
    for (const auto& step : stage.steps) {
        if (step.keyword == "COPY" || step.keyword == "ADD") {
            need(flag_value(step, "from").value_or(""));
        } else if (step.keyword == "RUN") {
            for (const auto& mount : read_run_mounts(step)) {
                need(mount.from);
            }
        }
    }
    std::ranges::sort(stage.needs);
    stage.needs.erase(std::unique(stage.needs.begin(), stage.needs.end()), stage.needs.end());
}

}  // namespace

std::optional<std::string> flag_value(const Instruction& instruction, const std::string& name) {
    for (const auto& flag : instruction.flags) {
        if (flag.name == name) {
            if (!flag.value) {
                throw Error(Errc::invalid_input, fmt::format("--{} needs a value", name)).at(instruction.pos);
            }
            return flag.value;
        }
    }
    return std::nullopt;
}

StringMap platform_args(const std::string& platform) {
    const auto host = image::host_platform();
    const auto target = platform.empty() ? host : image::parse_platform(platform);
    StringMap args;
    const auto add = [&](const std::string& prefix, const image::Platform& one) {
        args[prefix + "PLATFORM"] = image::to_string(one);
        args[prefix + "OS"] = one.os;
        args[prefix + "ARCH"] = one.architecture;
        args[prefix + "VARIANT"] = one.variant;
    };
    add("TARGET", target);
    add("BUILD", host);
    return args;
}

const Stage* StagedFile::find(const std::string& name_or_number, size_t before) const {
    const auto name = to_lower(name_or_number);
    for (size_t i = std::min(before, stages.size()); i-- > 0;) {
        if (!name.empty() && stages[i].name == name) {
            return &stages[i];
        }
    }
    const auto number = parse_uint(name_or_number);
    return number && *number < std::min(before, stages.size()) ? &stages[*number] : nullptr;
}

StagedFile make_stages(const Dockerfile& file, const BuildRequest& request) {
    StagedFile staged;
    staged.file = &file;
    std::vector<Instruction> before;
    for (const auto& instruction : file.instructions) {
        if (instruction.keyword == "FROM") {
            if (staged.stages.empty()) {
                staged.global_args = read_global_args(before, file, request);
                BuildRequest plain;
                plain.platform = request.platform;
                staged.default_args = read_global_args(before, file, plain);
                staged.declared_args = declared_names(before, file);
            }
            Stage stage;
            stage.index = staged.stages.size();
            stage.from = instruction;
            read_from(stage, staged, request);
            staged.stages.push_back(std::move(stage));
        } else if (staged.stages.empty()) {
            before.push_back(instruction);
        } else {
            staged.stages.back().steps.push_back(instruction);
        }
    }
    if (staged.stages.empty()) {
        throw Error(Errc::invalid_input, "the Dockerfile has no FROM").at({file.name, 1, 1});
    }
    for (auto& stage : staged.stages) {
        find_needs(stage, staged);
    }
    return staged;
}

std::vector<size_t> needed_stages(const StagedFile& staged, const std::string& target) {
    size_t last = staged.stages.size() - 1;
    if (!target.empty()) {
        const auto* stage = staged.find(target, staged.stages.size());
        if (stage == nullptr) {
            Strings names;
            for (const auto& one : staged.stages) {
                names.push_back(one.name);
            }
            Error error{Errc::not_found, fmt::format("target stage '{}' is not in '{}'", target, staged.file->name)};
            if (const auto near = nearest(to_lower(target), names)) {
                error.set_hint(fmt::format("did you mean '{}'?", *near));
            }
            throw error;
        }
        last = stage->index;
    }
    std::vector<bool> needed(staged.stages.size());
    const std::function<void(size_t)> mark = [&](size_t index) {
        if (!needed[index]) {
            needed[index] = true;
            std::ranges::for_each(staged.stages[index].needs, mark);
        }
    };
    mark(last);
    // A stage needs only earlier ones, so the file's order will do; the target has nobody behind it that it needs.
    std::vector<size_t> order;
    for (size_t i = 0; i < staged.stages.size(); ++i) {
        if (needed[i]) {
            order.push_back(i);
        }
    }
    return order;
}

}  // namespace stack::build
