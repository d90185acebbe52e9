// The instructions that change only the image's config.
#include <fmt/format.h>

#include "build/dockerfile/parse.hpp"
#include "build/stage_builder.hpp"
#include "support/duration.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

void need_text(const Instruction& instruction) {
    if (instruction.text.empty()) {
        throw Error(Errc::invalid_input, fmt::format("{} needs at least one argument", instruction.keyword));
    }
}

/// "80", "80/udp", "8000-8010/tcp" to "80/tcp" … An address and a port of the host before it are passed over, as
/// BuildKit does (with a warning: lint/instructions.cpp).
std::vector<std::string> exposed(const std::string& word) {
    const auto slash = word.find('/');
    const auto whole = word.substr(0, slash);
    const auto range = whole.substr(whole.rfind(':') + 1);
    const auto protocol = slash == std::string::npos ? "tcp" : to_lower(word.substr(slash + 1));
    const auto dash = range.find('-');
    const auto first = parse_uint(range.substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_uint(range.substr(dash + 1));
    constexpr std::uint64_t highest = 65535;
    const bool known_protocol = protocol == "tcp" || protocol == "udp" || protocol == "sctp";
    if (!first || !last || *first == 0 || *last > highest || *first > *last || !known_protocol) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is no port of EXPOSE", word))
            .hint("write a number from 1 to 65535, a range '8000-8010', and '/udp' or '/sctp' behind it if need be");
    }
    std::vector<std::string> ports;
    for (auto port = *first; port <= *last; ++port) {
        ports.push_back(fmt::format("{}/{}", port, protocol));
    }
    return ports;
}

std::chrono::nanoseconds duration_of(const std::string& name, const std::string& text) {
    const auto duration = parse_duration(text);
    if (!duration) {
        throw Error(Errc::invalid_input, fmt::format("--{} needs a duration like '30s', not '{}'", name, text));
    }
    return *duration;
}

void set_health_flag(image::ImageHealthcheck& check, const Flag& flag) {
    const auto text = flag.value.value_or("");
    if (flag.name == "interval") {
        check.interval = duration_of(flag.name, text);
    } else if (flag.name == "timeout") {
        check.timeout = duration_of(flag.name, text);
    } else if (flag.name == "start-period") {
        check.start_period = duration_of(flag.name, text);
    } else if (flag.name == "start-interval") {
        check.start_interval = duration_of(flag.name, text);
    } else if (flag.name == "retries") {
        const auto retries = parse_int(text);
        if (!retries || *retries < 0) {
            throw Error(Errc::invalid_input, fmt::format("--retries needs a number, not '{}'", text));
        }
        check.retries = static_cast<int>(*retries);
    } else {
        throw Error(Errc::invalid_input, fmt::format("HEALTHCHECK has no flag --{}", flag.name))
            .hint("it has --interval, --timeout, --start-period, --start-interval and --retries");
    }
}

}  // namespace

StageBuilder::Progress StageBuilder::arg_(const Instruction& instruction) {
    need_text(instruction);
    const char escape = job_.staged.file->directives.escape;
    for (const auto& word : split_quoted(instruction.text, escape)) {
        const auto expand = state_.expander(escape);
        const auto equals = word.find('=');
        const auto name = expand.word(word.substr(0, equals));
        std::optional<std::string> value;
        const auto given = job_.request.args.find(name);
        const auto global = job_.staged.global_args.find(name);
        const auto platform = platform_args(stage_.platform.empty() ? job_.request.platform : stage_.platform);
        if (given != job_.request.args.end() && given->second) {
            value = given->second;
        } else if (equals != std::string::npos) {
            value = expand.word(word.substr(equals + 1));
        } else if (global != job_.staged.global_args.end()) {
            value = global->second;
        } else if (const auto known = platform.find(name); known != platform.end()) {
            value = known->second;
        }
        state_.set_arg(name, std::move(value));
    }
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::env_(const Instruction& instruction) {
    const char escape = job_.staged.file->directives.escape;
    const auto before = state_;  // a line's values do not see each other
    const auto expand = before.expander(escape);
    for (const auto& [name, value] : split_pairs(instruction.text, escape, "ENV")) {
        state_.set_env(expand.word(name), expand.word(value));
    }
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::label_(const Instruction& instruction) {
    const char escape = job_.staged.file->directives.escape;
    const auto expand = state_.expander(escape);
    for (const auto& [name, value] : split_pairs(instruction.text, escape, "LABEL")) {
        state_.config.labels[expand.word(name)] = expand.word(value);
    }
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::maintainer_(const Instruction& instruction) {
    need_text(instruction);
    state_.config.author = instruction.text;
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::cmd_(const Instruction& instruction) {
    state_.config.cmd = command_line(instruction);
    state_.cmd_written = true;
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::entrypoint_(const Instruction& instruction) {
    state_.config.entrypoint = command_line(instruction);
    if (!state_.cmd_written) {
        state_.config.cmd.reset();  // the base image's CMD was meant for its own ENTRYPOINT
    }
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::expose_(const Instruction& instruction) {
    need_text(instruction);
    for (const auto& word : state_.expander(job_.staged.file->directives.escape).words(instruction.text)) {
        for (auto& port : exposed(word)) {
            state_.config.exposed_ports.insert(std::move(port));
        }
    }
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::healthcheck_(const Instruction& instruction) {
    image::ImageHealthcheck check;
    for (const auto& flag : instruction.flags) {
        set_health_flag(check, flag);
    }
    const auto words = split_blanks(instruction.text);
    const auto type = words.empty() ? "" : to_lower(words.front());
    if (type == "none" && words.size() == 1) {
        check.test = {"NONE"};
    } else if (type == "cmd" && words.size() > 1) {
        const std::string command{trim(std::string_view{instruction.text}.substr(words.front().size()))};
        if (const auto exec = parse_exec_form(command)) {
            check.test = {"CMD"};
            check.test.insert(check.test.end(), exec->begin(), exec->end());
        } else {
            check.test = {"CMD-SHELL", command};
        }
    } else {
        throw Error(Errc::invalid_input, "HEALTHCHECK takes 'CMD command' or 'NONE'");
    }
    state_.config.healthcheck = std::move(check);
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::onbuild_(const Instruction& instruction) {
    const auto trigger = split_blanks(instruction.text);
    const auto keyword = trigger.empty() ? "" : to_lower(trigger.front());
    if (keyword.empty() || keyword == "onbuild" || keyword == "from" || keyword == "maintainer") {
        throw Error(Errc::invalid_input, fmt::format("ONBUILD cannot trigger '{}'", instruction.text));
    }
    std::string text = instruction.text;
    for (const auto& heredoc : instruction.heredocs) {
        text += "\n" + heredoc.content + heredoc.name;
    }
    state_.config.on_build.push_back(std::move(text));
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::shell_(const Instruction& instruction) {
    if (!instruction.json || instruction.json->empty()) {
        throw Error(Errc::invalid_input, "SHELL needs its words as a JSON array")
            .hint(R"(for example SHELL ["/bin/bash", "-c"])");
    }
    state_.config.shell = *instruction.json;
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::stopsignal_(const Instruction& instruction) {
    need_text(instruction);
    state_.config.stop_signal = state_.expander(job_.staged.file->directives.escape).word(instruction.text);
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::user_(const Instruction& instruction) {
    need_text(instruction);
    state_.config.user = state_.expander(job_.staged.file->directives.escape).word(instruction.text);
    return configured(instruction);
}

StageBuilder::Progress StageBuilder::volume_(const Instruction& instruction) {
    const auto expand = state_.expander(job_.staged.file->directives.escape);
    Strings words;
    if (instruction.json) {
        for (const auto& word : *instruction.json) {
            words.push_back(expand.word(word));
        }
    } else {
        words = expand.words(instruction.text);
    }
    need_text(instruction);
    for (const auto& word : words) {
        if (trim(word).empty()) {
            throw Error(Errc::invalid_input, "VOLUME has an empty path");
        }
        state_.config.volumes.insert(word);
    }
    return configured(instruction);
}

}  // namespace stack::build
