#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "build/dockerfile/words.hpp"
#include "build/request.hpp"
#include "image/config.hpp"

namespace stack::build {

/// What a stage has become so far: the image it would be if it ended here.
struct StageState {
    image::ImageConfig config;
    std::vector<std::filesystem::path> layers;  ///< lowest first; one for each of config.diff_ids
    std::string chain_id;                       ///< of the topmost layer; empty: there is none
    std::int64_t created_unix{0};               ///< of the newest layer
    /// ARGs in scope, in the order of their lines; a name without value is known but not set.
    std::vector<std::pair<std::string, std::optional<std::string>>> args;
    /// The steps that made layers, with their keys in the build cache; those of the base stage first.
    struct Step {
        std::string key, diff_id;
        std::int64_t created_unix{0};
    };
    std::vector<Step> steps;
    int step{0};              ///< number of the newest step, as events tell it; 0: there is none
    bool cmd_written{false};  ///< CMD stands in this stage: ENTRYPOINT does not clear it

    std::optional<std::string> env(const std::string& name) const;
    void set_env(const std::string& name, const std::string& value);
    std::optional<std::string> arg(const std::string& name) const;
    void set_arg(const std::string& name, std::optional<std::string> value);
    /// ENV first, then ARG: what `$name` means in the Dockerfile.
    WordExpander expander(char escape) const;
    /// Variables of ARG that a RUN sees: those with a value that ENV does not hide.
    Strings arg_environment() const;
    std::vector<std::string> shell() const;
    std::string working_dir() const;
    /// `path` against WORKDIR, as text, a slash at its end kept.
    std::string absolute(const std::string& path) const;
};

}  // namespace stack::build
