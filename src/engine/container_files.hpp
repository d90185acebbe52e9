#pragma once

#include <filesystem>
#include <string>

#include "support/paths.hpp"

/// The files of one container that several rooms know by name.
namespace stack::engine {

/// What it was started with (runtime::parse_launch_plan reads it): for exec, cp and inspect.
inline std::filesystem::path launch_plan_file(const Paths& paths, const std::string& id) {
    return paths.container_run(id) / "launch-plan";
}

/// Its log (engine/logs/reader.hpp).
inline std::filesystem::path log_folder(const Paths& paths, const std::string& id) {
    return paths.container(id) / "logs";
}

}  // namespace stack::engine
