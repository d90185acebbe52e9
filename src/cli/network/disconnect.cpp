#include "cli/network/network_room.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
#include "net/endpoint.hpp"

namespace stack::cli {

namespace {

/// For what a crash left: an address that is given out to a container nobody knows.
bool release_stale(NetworkRoom& room, const net::Network& network, const std::string& word) {
    bool found = false;
    for (const net::Endpoint& endpoint : room.store.endpoints_of_network(network.id)) {
        if (endpoint.owner_name == word || endpoint.owner_id == word) {
            room.firewall.unpublish(endpoint.owner_id);
            net::detach(-1, room.store, endpoint);
            found = true;
        }
    }
    return found;
}

}  // namespace

int disconnect_network(Context& context, const Flags& flags) {
    const std::string& word = flags.words()[1];
    NetworkRoom room{context.paths};
    const net::Network network = room.store.get(flags.words()[0]);
    const StateView state{context.paths};
    if (flags.on("force") && !state.find(word) && release_stale(room, network, word)) {
        return 0;
    }
    const engine::ContainerRow row = state.get(word);
    engine::SupervisorClient{context.paths, row.project}.disconnect_network(row.id, network.name, flags.on("force"));
    return 0;
}

}  // namespace stack::cli
