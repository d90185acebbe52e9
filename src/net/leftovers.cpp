#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <linux/netlink.h>

#include "net/endpoint.hpp"
#include "net/netlink/links.hpp"
#include "net/network_store.hpp"
#include "net/pool_lock.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace stack::net {
namespace {

void release_dead(NetworkStore& store, const std::function<std::vector<std::string>()>& living_owners,
                  std::vector<std::string>& said) {
    const auto leased = store.endpoints();
    const auto living = living_owners();
    for (const Endpoint& endpoint : leased) {
        if (std::find(living.begin(), living.end(), endpoint.owner_id) == living.end()) {
            store.release(endpoint.id);
            said.push_back(fmt::format("gave back the addresses of '{}', which is gone",
                                       endpoint.owner_name.empty() ? endpoint.owner_id : endpoint.owner_name));
        }
    }
}

/// Ours by name (bridges and veths) or by alias (bridges whose name the user chose).
bool carries_tag(const netlink::Link& link, const std::string& tag) {
    return link.name.starts_with("stk" + tag) || link.name.starts_with("stv" + tag) ||
           link.alias.starts_with(fmt::format("stack:{}:", tag));
}

std::set<std::string> wanted_links(const NetworkStore& store) {
    std::set<std::string> out;
    std::set<std::string> used_networks;
    for (const Endpoint& endpoint : store.endpoints()) {
        out.insert(endpoint.host_link);
        used_networks.insert(endpoint.network_id);
    }
    for (const Network& network : store.list()) {
        // The standing bridge is there only while somebody uses it.
        if (network.driver == "bridge" && (!network.standing || used_networks.contains(network.id))) {
            out.insert(network.link);
        }
    }
    return out;
}

}  // namespace

std::vector<std::string> remove_leftovers(NetworkStore& store,
                                          const std::function<std::vector<std::string>()>& living_owners) {
    std::vector<std::string> said;
    const PoolLock lock;  // a network that is just being made has its link before its row
    release_dead(store, living_owners, said);
    netlink::Socket socket{NETLINK_ROUTE};
    const auto links = netlink::list_links(socket);
    const auto wanted = wanted_links(store);
    for (const netlink::Link& link : links) {
        if (carries_tag(link, store.tag()) && !wanted.contains(link.name)) {
            socket.execute(netlink::remove_link(link.index, link.name));
            said.push_back(fmt::format("removed the link '{}', which belonged to nothing", link.name));
        }
    }
    return said;
}

}  // namespace stack::net
