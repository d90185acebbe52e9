#pragma once

#include <string>
#include <vector>

#include "support/paths.hpp"

namespace stack::cli {

/// The name the program was called by.
enum class Persona { stack, docker, docker_compose };

/// Flags before the command, as far as they say which project is meant. Empty: not given.
struct ProjectOptions {
    std::vector<std::string> files;
    std::string name;
    std::vector<std::string> profiles;
    std::vector<std::string> env_files;
    std::string directory;
    bool all_resources{false};
    bool compatibility{false};
};

enum class Colours { automatic, always, never };
enum class ProgressStyle { automatic, tty, plain, json, quiet };

/// What every command gets: who asked, in which words, and where things lie.
struct Context {
    Persona persona{Persona::stack};
    std::string program;  ///< as typed: "stack", "docker compose"
    std::string command;  ///< as typed: "docker compose up"; for usage texts
    ProjectOptions project;
    Colours colours{Colours::automatic};
    ProgressStyle progress{ProgressStyle::automatic};
    bool verbose{false};
    bool dry_run{false};
    int parallel{-1};      ///< at most so many engine operations at a time; -1: no limit
    char** argv{nullptr};  ///< main's, for starting ourselves anew
    Paths paths;
};

}  // namespace stack::cli
