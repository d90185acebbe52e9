#include "net/linked_ports.hpp"

#include <algorithm>

#include "net/endpoint.hpp"
#include "net/network_rows.hpp"
#include "net/network_store.hpp"

namespace stack::net {
namespace {

void add_pair(const Endpoint& from, const Endpoint& to, const std::vector<ExposedPort>& exposed,
              std::vector<LinkedPort>& out) {
    for (const auto family : {&Endpoint::ipv4, &Endpoint::ipv6}) {
        if (from.*family && to.*family) {
            for (const ExposedPort& port : exposed) {
                out.push_back({*(from.*family), *(to.*family), port.protocol, port.port});
            }
        }
    }
}

bool is_known_by(const Endpoint& endpoint, const std::string& name) {
    return std::find(endpoint.aliases.begin(), endpoint.aliases.end(), name) != endpoint.aliases.end();
}

}  // namespace

std::vector<LinkedPort> linked_ports(const NetworkStore& store) {
    std::vector<LinkedPort> out;
    for (const auto& [source_id, name] : rows::all_links(store.database())) {
        const auto source = store.find_endpoint(source_id);
        if (!source) {
            continue;
        }
        for (const Endpoint& target : store.endpoints_of_network(source->network_id)) {
            if (target.id != source->id && is_known_by(target, name)) {
                add_pair(*source, target, rows::exposed_by(store.database(), target.id), out);
            }
        }
    }
    return out;
}

}  // namespace stack::net
