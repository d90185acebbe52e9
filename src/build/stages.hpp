#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "build/dockerfile/instruction.hpp"
#include "build/request.hpp"

namespace stack::build {

/// One FROM … and what follows it.
struct Stage {
    size_t index{0};
    std::string name;  ///< lower case, from AS; empty: it has only its number
    std::string base;  ///< FROM's word with its arguments filled in
    std::string platform;
    std::optional<size_t> base_stage;  ///< FROM names an earlier stage
    Instruction from;
    std::vector<Instruction> steps;
    std::vector<size_t> needs;  ///< stages this one reads from, base included; sorted
};

/// A Dockerfile cut into stages, with the arguments that stand before the first FROM.
struct StagedFile {
    const Dockerfile* file{nullptr};
    StringMap global_args;
    StringMap default_args;               ///< the same without --build-arg
    std::set<std::string> declared_args;  ///< those without a value, too
    std::vector<Stage> stages;

    /// By name or number; nullptr if there is none below `before`.
    const Stage* find(const std::string& name_or_number, size_t before) const;
};

/// Fills in FROM's arguments, finds who needs whom, checks names. Borrows `file`.
/// Throws Errc::invalid_input with the place.
StagedFile make_stages(const Dockerfile& file, const BuildRequest& request);

/// The stages that `target` needs, itself last, in an order in which each comes after what it needs.
std::vector<size_t> needed_stages(const StagedFile& staged, const std::string& target);

/// Value of the flag `name`; nullopt if it is not there. Throws if it is there without a value.
std::optional<std::string> flag_value(const Instruction& instruction, const std::string& name);

/// TARGETPLATFORM, BUILDARCH, … as BuildKit gives them to ARG.
StringMap platform_args(const std::string& platform);

}  // namespace stack::build
