#include "build/stage_state.hpp"

#include <algorithm>

namespace stack::build {

std::optional<std::string> StageState::env(const std::string& name) const {
    const auto prefix = name + "=";
    for (const auto& line : config.env) {
        if (line.starts_with(prefix)) {
            return line.substr(prefix.size());
        }
    }
    return std::nullopt;
}

void StageState::set_env(const std::string& name, const std::string& value) {
    const auto prefix = name + "=";
    const auto found = std::ranges::find_if(config.env, [&](const auto& line) { return line.starts_with(prefix); });
    if (found != config.env.end()) {
        *found = prefix + value;
    } else {
        config.env.push_back(prefix + value);
    }
}

std::optional<std::string> StageState::arg(const std::string& name) const {
    for (const auto& [known, value] : args) {
        if (known == name) {
            return value;
        }
    }
    return std::nullopt;
}

void StageState::set_arg(const std::string& name, std::optional<std::string> value) {
    std::erase_if(args, [&](const auto& known) { return known.first == name; });
    args.emplace_back(name, std::move(value));
}

WordExpander StageState::expander(char escape) const {
    return WordExpander{escape, [this](const std::string& name) {
                            auto value = env(name);
                            return value ? value : arg(name);
                        }};
}

Strings StageState::arg_environment() const {
    Strings lines;
    for (const auto& [name, value] : args) {
        if (value && !env(name)) {
            lines.push_back(name + "=" + *value);
        }
    }
    return lines;
}

std::vector<std::string> StageState::shell() const {
    return config.shell.value_or(std::vector<std::string>{"/bin/sh", "-c"});
}

std::string StageState::working_dir() const {
    return config.working_dir.empty() ? "/" : config.working_dir;
}

std::string StageState::absolute(const std::string& path) const {
    auto full = (std::filesystem::path{working_dir()} / path).lexically_normal().string();
    const bool is_folder = path.empty() || path.ends_with('/') || path == "." || path.ends_with("/.");
    if (is_folder && !full.ends_with('/')) {
        full += '/';
    }
    return full;
}

}  // namespace stack::build
