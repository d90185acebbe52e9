#include "cli/volume/volume_room.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/container_text.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::cli {

using nlohmann::json;

std::vector<engine::ContainerRow> VolumeRoom::users(const std::string& volume) const {
    auto rows = containers.list();
    std::erase_if(rows, [&](const engine::ContainerRow& row) {
        return std::none_of(row.mounts.begin(), row.mounts.end(),
                            [&](const engine::MountRow& mount) { return mount.name == volume; });
    });
    return rows;
}

volumes::UsersOf VolumeRoom::users_of() const {
    return [this](const std::string& volume) {
        std::vector<std::string> names;
        for (const auto& row : users(volume)) {
            names.push_back(row.name);
        }
        return names;
    };
}

void VolumeRoom::require_nobody_runs(const volumes::Volume& volume, const std::string& what) const {
    std::vector<std::string> names;
    for (const auto& row : users(volume.name)) {
        if (row.is_up()) {
            names.push_back(row.name);
        }
    }
    if (!names.empty()) {
        throw Error(Errc::conflict,
                    fmt::format("cannot {} volume '{}': it is in use by {}", what, volume.name, join(names, ", ")))
            .hint("stop these containers first: they would go on with the old content");
    }
}

HeldStill::HeldStill(const Paths& paths, const VolumeRoom& room, const volumes::Volume& volume) {
    std::map<std::string, std::vector<std::string>> projects;
    for (const auto& row : room.users(volume.name)) {
        if (row.is_up()) {
            projects[row.project].push_back(row.id);
        }
    }
    for (const auto& [project, ids] : projects) {
        clients_.emplace_back(paths, project).hold_still(ids);
    }
}

json volume_json(const volumes::Volume& volume) {
    const auto created = std::chrono::duration_cast<std::chrono::nanoseconds>(volume.created.time_since_epoch());
    return {{"CreatedAt", rfc3339(created.count())},
            {"Driver", volume.driver},
            {"Labels", volume.labels.empty() ? json(nullptr) : json(volume.labels)},
            {"Mountpoint", volume.mountpoint.string()},
            {"Name", volume.name},
            {"Options", volume.driver_opts.empty() ? json(nullptr) : json(volume.driver_opts)},
            {"Scope", "local"}};
}

}  // namespace stack::cli
