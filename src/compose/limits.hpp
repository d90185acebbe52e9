#pragma once

#include <cstddef>

/// What one load may take. Beyond the largest projects that people have by orders of magnitude; each has its own error.
namespace stack::compose::limits {

constexpr std::size_t file_bytes = 16U << 20U;          ///< one Compose file or env file
constexpr std::size_t files = 1000;                     ///< files of one load, included and extended ones too
constexpr std::size_t depth = 256;                      ///< lists and mappings within each other
constexpr std::size_t nodes = 2'000'000;                ///< values of one file after aliases and `<<` are written out
constexpr std::size_t include_depth = 50;               ///< files that include each other
constexpr std::size_t extends_depth = 1000;             ///< services that extend each other
constexpr std::size_t substitution_depth = 100;         ///< ${A:-${B:-…}}
constexpr std::size_t substitution_bytes = 16U << 20U;  ///< result of one value
constexpr std::size_t ports = 65'536;                   ///< published ports of one service, ranges expanded

}  // namespace stack::compose::limits
