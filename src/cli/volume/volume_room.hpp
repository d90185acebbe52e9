#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/client.hpp"
#include "engine/state/container_store.hpp"
#include "support/database.hpp"
#include "support/paths.hpp"
#include "volumes/volume_store.hpp"

namespace stack::cli {

/// What the volume commands work on: they need no supervisor but for holding containers still.
struct VolumeRoom {
    explicit VolumeRoom(const Paths& paths)
        : database{paths.database()}, containers{database}, store{paths, database} {}

    Database database;
    engine::ContainerStore containers;
    volumes::VolumeStore store;

    /// Containers that have a volume mounted or will have when they start.
    std::vector<engine::ContainerRow> users(const std::string& volume) const;
    /// Their names, as the store asks for them.
    volumes::UsersOf users_of() const;
    /// Errc::conflict naming the containers that run with it: `what` is what cannot be done then.
    void require_nobody_runs(const volumes::Volume& volume, const std::string& what) const;
};

/// Keeps the running users of a volume frozen as long as it lives, so that its content can be copied as it is at one
/// moment. They go on when this ends, also if it ends by a kill.
class HeldStill {
public:
    HeldStill(const Paths& paths, const VolumeRoom& room, const volumes::Volume& volume);

private:
    std::vector<engine::SupervisorClient> clients_;
};

/// What `docker volume inspect` shows of it.
nlohmann::json volume_json(const volumes::Volume& volume);

}  // namespace stack::cli
