#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compose/finding.hpp"
#include "compose/interpolate.hpp"
#include "compose/node.hpp"
#include "compose/project.hpp"

namespace stack::compose {

/// Variables by name; ordered, so that what is printed is stable.
using Environment = std::map<std::string, std::string, std::less<>>;

/// What a command line says about the project; the flags of `docker compose` of the same names.
struct LoadOptions {
    /// The process's current folder. Everything relative in this struct is relative to it.
    std::filesystem::path working_dir;
    /// The process's environment. COMPOSE_FILE, COMPOSE_PROJECT_NAME, … are read from here, and from .env.
    Environment environment;

    std::vector<std::string> files;      // -f, "-" is stdin
    std::vector<std::string> env_files;  // --env-file
    std::string project_directory;       // --project-directory
    std::string project_name;            // -p
    std::vector<std::string> profiles;   // --profile
    std::vector<std::string> services;   // services named on the command line: their profiles become active

    /// Reads stdin for `-f -`; called at most once.
    std::function<std::string()> read_stdin;

    bool interpolate{true};
    bool normalize{true};
    bool resolve_paths{true};
    bool check_consistency{true};
    /// Let valijson judge as well (schema_check.hpp).
    bool judged{false};
    bool resolve_env_files{true};
    /// Fill LoadedProject::project. What only prints the model needs no more than the tree.
    bool typed{true};
};

struct LoadedProject {
    /// The typed model, profiles applied. Without LoadOptions::typed only name, directory, files and profiles.
    Project project;
    /// The same model as a tree in canonical (long) form, with positions: what `stack config` prints.
    Node tree;
    /// The services, in the same form, whose profiles are not active.
    Node inactive;
    std::shared_ptr<const SourceFiles> files;
    /// Warnings only, in file order.
    std::vector<Finding> warnings;
    /// What interpolation saw: the shell over the env files.
    Environment environment;
    VariableUses variables;
};

/// Finds, reads, interpolates, merges, checks and normalises a project.
/// Throws LoadFailure with every finding of the load; Error if no file is found (Errc::not_found) or cannot be read.
LoadedProject load_project(const LoadOptions& options);

}  // namespace stack::compose
