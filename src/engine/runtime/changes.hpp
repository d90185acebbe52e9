#pragma once

#include <string>
#include <vector>

#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// One line of `docker diff`.
struct Change {
    enum class Kind : char { modified = 'C', added = 'A', deleted = 'D' };
    Kind kind{Kind::modified};
    std::string path;

    friend bool operator==(const Change&, const Change&) = default;
};

/// What the container's own layer changes against its image, sorted by path: whiteouts are deletions, folders in which
/// something changed are modified. Places where the engine mounts something (`plan.mounts`, `plan.files`) are left out,
/// as they are made by the start. Works whether the container runs or not.
std::vector<Change> container_changes(const LaunchPlan& plan);

}  // namespace stack::runtime
