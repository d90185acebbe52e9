#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compose/source_files.hpp"

namespace stack::compose {

using StringList = std::vector<std::string>;
using StringMap = std::map<std::string, std::string>;
/// A value that may be absent: `environment: {A: }` takes A from the shell, and is left out if it is unset there.
using OptionalStringMap = std::map<std::string, std::optional<std::string>>;
using Duration = std::chrono::nanoseconds;

/// A file or variable or text behind a secret or config, or a name outside the project. Exactly one of file,
/// environment, content and external is set.
struct FileSource {
    Mark mark;
    std::string name;  // the engine's name: "project_key", or `name:`
    std::string file;  // absolute
    std::string environment;
    std::optional<std::string> content;
    bool external{false};
    std::string driver;
    StringMap driver_opts;
    std::string template_driver;
    StringMap labels;
};

/// A secret or config as a service uses it.
struct FileReference {
    Mark mark;
    std::string source;
    std::string target;  // empty: /run/secrets/<source>, or /<source> for a config
    std::string uid;
    std::string gid;
    std::optional<std::uint32_t> mode;  // permission bits
};

struct Ulimit {
    std::int64_t soft{0};  // -1 is unlimited
    std::int64_t hard{0};
};

}  // namespace stack::compose
