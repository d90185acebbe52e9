#pragma once

#include <cstddef>

/// What one load may take. Beyond the largest projects that people have by orders of magnitude; each has its own error.
namespace stack::compose::limits {

constexpr std::size_t file_bytes = 16U << 20U;          ///< one Compose file
constexpr std::size_t env_file_bytes = 4U << 20U;       ///< one env file: more than a process can be given
constexpr std::size_t project_bytes = 64U << 20U;       ///< all files of one load
constexpr std::size_t files = 1000;                     ///< files of one load, included and extended ones too
constexpr std::size_t depth = 256;                      ///< lists and mappings within each other
constexpr std::size_t nodes = 1'000'000;                ///< values of a project, aliases, `<<` and extends written out
constexpr std::size_t entries = 250'000;                ///< entries of one list, members of one mapping
constexpr std::size_t env_files = 10'000;               ///< env files of services
constexpr std::size_t findings = 1000;                  ///< mistakes; whoever has more is not helped by knowing them
constexpr std::size_t include_depth = 50;               ///< files that include each other
constexpr std::size_t extends_depth = 1000;             ///< services that extend each other
constexpr std::size_t substitution_depth = 100;         ///< ${A:-${B:-…}}
constexpr std::size_t substitution_bytes = 16U << 20U;  ///< result of one value
constexpr std::size_t project_substitution_bytes = 64U << 20U;  ///< of all values of one load
constexpr std::size_t ports = 65'536;                           ///< published ports of one service, ranges expanded

}  // namespace stack::compose::limits
