#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "build/dockerfile/instruction.hpp"
#include "build/dockerfile/words.hpp"

namespace stack::build {

/// `RUN --mount=type=…` (Dockerfile reference, "RUN --mount").
struct RunMount {
    enum class Type { bind, cache, tmpfs, secret, ssh };
    Type type{Type::bind};
    std::string target;
    std::string source;  ///< bind, cache: below `from`
    std::string from;    ///< stage, context or image; empty: the build context
    std::string id;      ///< cache, secret, ssh
    bool read_only{false};
    bool required{false};  ///< secret, ssh
    std::string sharing{"shared"};
    std::optional<std::uint32_t> mode;
    std::uint32_t uid{0}, gid{0};
    std::int64_t size{0};  ///< tmpfs
    std::string env;       ///< secret: as a variable
};

/// The --mount flags of a RUN. `expand` fills in variables where the reference allows them; without it `from` is taken
/// as written. Throws Errc::invalid_input at the instruction.
std::vector<RunMount> read_run_mounts(const Instruction& run, const WordExpander* expand = nullptr);

}  // namespace stack::build
