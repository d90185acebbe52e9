#include "build/stage_builder.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "build/builder.hpp"
#include "build/dockerfile/parse.hpp"
#include "image/rfc3339.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

bool makes_layer(const Instruction& instruction) {
    constexpr std::array keywords{"RUN", "COPY", "ADD", "WORKDIR"};
    return std::ranges::find(keywords, instruction.keyword) != keywords.end();
}

/// An Error without a place gets the instruction's.
template <class Body>
auto at_instruction(const Instruction& instruction, Body&& body) {
    try {
        return body();
    } catch (const StepFailed&) {
        throw;
    } catch (const SysError& error) {
        SysError placed{error};
        placed.add_step(fmt::format("{} ({})", abbreviate(instruction.original, 80), to_string(instruction.pos)));
        throw placed;
    } catch (const Error& error) {
        throw error.pos() ? error : Error{error}.at(instruction.pos);
    }
}

}  // namespace

StageBuilder::Handler StageBuilder::handler_of(const std::string& keyword) {
    static const std::vector<std::pair<std::string, Handler>> table{
        {"ADD", &StageBuilder::add_},
        {"ARG", &StageBuilder::arg_},
        {"CMD", &StageBuilder::cmd_},
        {"COPY", &StageBuilder::copy_},
        {"ENTRYPOINT", &StageBuilder::entrypoint_},
        {"ENV", &StageBuilder::env_},
        {"EXPOSE", &StageBuilder::expose_},
        {"HEALTHCHECK", &StageBuilder::healthcheck_},
        {"LABEL", &StageBuilder::label_},
        {"MAINTAINER", &StageBuilder::maintainer_},
        {"ONBUILD", &StageBuilder::onbuild_},
        {"RUN", &StageBuilder::run_step_},
        {"SHELL", &StageBuilder::shell_},
        {"STOPSIGNAL", &StageBuilder::stopsignal_},
        {"USER", &StageBuilder::user_},
        {"VOLUME", &StageBuilder::volume_},
        {"WORKDIR", &StageBuilder::workdir_},
    };
    return std::ranges::find(table, keyword, &std::pair<std::string, Handler>::first)->second;
}

StageBuilder::StageBuilder(Job& job, const Stage& stage) : job_{job}, stage_{stage}, steps_{stage.steps} {}

StageBuilder::StageBuilder(Job& job, const Stage& stage, StageState from)
    : job_{job}, stage_{stage}, state_{std::move(from)}, steps_{stage.steps}, started_{true}, config_only_{true} {}

StageBuilder::Progress StageBuilder::advance() {
    if (run_) {
        return Progress::running;
    }
    if (!started_) {
        tell_instruction(stage_.from);
        const auto progress = at_instruction(stage_.from, [&] { return start_from(); });
        if (progress == Progress::advanced) {
            tell_became();
        }
        return progress;
    }
    if (next_ == steps_.size()) {
        job_.finish(stage_.index, state_);
        return Progress::finished;
    }
    const auto& instruction = steps_[next_];
    tell_instruction(instruction);
    const auto progress = at_instruction(instruction, [&] { return dispatch(instruction); });
    if (progress == Progress::advanced) {
        ++next_;
        tell_became();
    }
    return progress;
}

void StageBuilder::tell_instruction(const Instruction& instruction) {
    if (job_.request.classic && told_ != &instruction) {
        told_ = &instruction;
        job_.tell({BuildEvent::Kind::instruction, job_.next_instruction(),
                   fmt::format("{} {}", instruction.keyword, instruction.text), std::to_string(job_.instructions()),
                   0});
    }
}

/// The classic builder made an image after each instruction, and people read their ids.
void StageBuilder::tell_became() const {
    // The last one is the image itself, whose id is known when it is exported.
    const bool is_image = next_ == steps_.size() && stage_.index == job_.target();
    if (job_.request.classic && !is_image) {
        job_.tell({BuildEvent::Kind::became, 0, {}, "sha256:" + sha256_hex(image::write_config(state_.config)), 0});
    }
}

int StageBuilder::begin_step(BuildEvent::Kind kind, const std::string& name) {
    if (state_.step > 0) {
        reads_.insert(reads_.begin(), state_.step);
    }
    state_.step = job_.next_step();
    job_.tell({kind, state_.step, name, {}, 0, std::move(reads_)});
    reads_.clear();
    return state_.step;
}

StageBuilder::Progress StageBuilder::dispatch(const Instruction& instruction) {
    return (this->*handler_of(instruction.keyword))(instruction);
}

StageBuilder::Progress StageBuilder::start_from() {
    if (stage_.base_stage) {
        const auto* base = job_.finished(*stage_.base_stage);
        if (base == nullptr) {
            return Progress::waiting;
        }
        state_ = *base;
        state_.cmd_written = false;
    } else if (stage_.base == "scratch") {
        const auto& wanted = stage_.platform.empty() ? job_.request.platform : stage_.platform;
        const auto platform = wanted.empty() ? image::host_platform() : image::parse_platform(wanted);
        state_.config.architecture = platform.architecture;
        state_.config.os = platform.os;
        state_.config.variant = platform.variant;
        // As BuildKit begins: without a PATH not even a program of the image's own would be found by name.
        state_.config.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
        state_.config.working_dir = "/";
    } else {
        const auto named = job_.request.contexts.find(stage_.base);
        const auto image = job_.image(named == job_.request.contexts.end() ? stage_.base : named->second.image,
                                      stage_.platform, stage_.from.pos);
        state_.config = image.config;
        state_.layers = job_.store.layer_dirs(image);
        state_.chain_id = image.chain_ids.empty() ? "" : image.chain_ids.back();
        state_.created_unix = image::parse_rfc3339(image.config.created).value_or(0);
    }
    append_triggers();
    total_ = 1 + static_cast<int>(std::ranges::count_if(steps_, makes_layer));
    number_ = 1;
    if (!stage_.base_stage) {
        (void)begin_step(BuildEvent::Kind::cached, step_name("FROM " + stage_.base));
    }
    started_ = true;
    return Progress::advanced;
}

void StageBuilder::append_triggers() {
    std::vector<Instruction> triggers;
    for (const auto& line : state_.config.on_build) {
        triggers.push_back(parse_trigger(line, stage_.from.pos, job_.staged.file->directives.escape));
        const auto& keyword = triggers.back().keyword;
        if (keyword == "FROM" || keyword == "MAINTAINER" || keyword == "ONBUILD") {
            throw Error(Errc::invalid_input, fmt::format("the image's ONBUILD trigger '{}' is not allowed", line));
        }
    }
    state_.config.on_build.clear();
    steps_.insert(steps_.begin(), triggers.begin(), triggers.end());
}

std::string StageBuilder::instruction_line(const Instruction& instruction, const std::set<std::string>& flags) {
    std::string line = instruction.keyword;
    for (const Flag& flag : instruction.flags) {
        if (flags.empty() || flags.contains(flag.name)) {
            line += fmt::format(" --{}{}", flag.name, flag.value ? "=" + *flag.value : "");
        }
    }
    return line + " " + instruction.text;
}

std::string StageBuilder::step_name(const std::string& text) {
    std::string stage;
    if (!stage_.name.empty()) {
        stage = stage_.name + " ";
    } else if (job_.staged.stages.size() > 1) {
        stage = fmt::format("stage-{} ", stage_.index);
    }
    return fmt::format("[{}{}/{}] {}", stage, number_, total_, text);
}

std::vector<std::string> StageBuilder::command_line(const Instruction& instruction) const {
    if (instruction.json) {
        return *instruction.json;
    }
    auto words = state_.shell();
    words.push_back(instruction.text);
    return words;
}

StageBuilder::Progress StageBuilder::configured(const Instruction& instruction) {
    image::HistoryEntry entry;
    entry.created_by = fmt::format("{} {}", instruction.keyword, instruction.text);
    entry.comment = "buildkit.dockerfile.v0";
    entry.empty_layer = true;
    state_.config.history.push_back(std::move(entry));
    return Progress::advanced;
}

bool StageBuilder::cache_allowed() const {
    const auto& skip = job_.request.no_cache_stages;
    return !job_.request.no_cache && std::ranges::none_of(skip, [&](const auto& name) {
        return to_lower(name) == stage_.name || name == std::to_string(stage_.index);
    });
}

bool StageBuilder::use_cached(const std::string& key, const std::string& name, const std::string& created_by) {
    if (!cache_allowed()) {
        return false;
    }
    const auto cached = job_.cache.find(key);
    if (!cached || !job_.store.find_layer(cached->chain_id)) {
        return false;
    }
    (void)begin_step(BuildEvent::Kind::cached, name);
    take_layer(key, *cached, created_by);
    return true;
}

void StageBuilder::take_layer(const std::string& key, const CachedStep& layer, const std::string& created_by) {
    state_.steps.push_back({key, layer.diff_id, layer.created_unix});
    state_.chain_id = layer.chain_id;
    state_.layers.push_back(job_.store.layer_dir(layer.chain_id));
    state_.config.diff_ids.push_back(layer.diff_id);
    state_.created_unix = std::max(state_.created_unix, layer.created_unix);
    image::HistoryEntry entry;
    entry.created = image::format_rfc3339(layer.created_unix);
    entry.created_by = created_by;
    entry.comment = "buildkit.dockerfile.v0";
    state_.config.history.push_back(std::move(entry));
}

}  // namespace stack::build
