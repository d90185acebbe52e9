#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// The v1 folder of the placement that has a file of that name; empty if none has.
std::string v1_dir_with(const CgroupPlacement& placement, const std::string& file);

/// The number of a line "key number" of a flat keyed file; nullopt without file or line.
std::optional<std::uint64_t> keyed_value(const std::string& file, std::string_view key);

}  // namespace stack::runtime
