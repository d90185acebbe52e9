#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/state/container_store.hpp"
#include "net/firewall.hpp"
#include "net/network_store.hpp"
#include "support/database.hpp"
#include "support/paths.hpp"

namespace stack::cli {

/// What the network commands work on: they need no supervisor but for containers that run.
struct NetworkRoom {
    explicit NetworkRoom(const Paths& paths)
        : database{paths.database()}, containers{database}, store{database, paths.tag()}, firewall{paths, store} {}

    Database database;
    engine::ContainerStore containers;
    net::NetworkStore store;
    net::Firewall firewall;

    /// Whether a container, running or not, has a place in it.
    bool is_used(const net::Network& network) const;
};

/// What `docker network inspect` shows of it.
nlohmann::json network_json(const NetworkRoom& room, const net::Network& network);
/// The fields of `docker network ls --format`.
nlohmann::json network_list_fields(const net::Network& network, bool no_trunc);

}  // namespace stack::cli
