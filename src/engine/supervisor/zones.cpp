// What names mean: the zone of each network, kept in step with the endpoints of this project as they come and go, and
// with those of other projects on the same network, whose workers touch a file of their own in
// $STACK_RUN/networks/<id>/.
#include <array>
#include <filesystem>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/supervisor/networks.hpp"
#include "net/endpoint.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::engine::supervisor {
void Networks::add_names(net::Zone& zone, const net::Endpoint& endpoint, const std::string& network_name) {
    for (const auto& address : {endpoint.ipv4, endpoint.ipv6}) {
        if (address) {
            for (const std::string& name : endpoint.aliases) {
                zone.add(name, *address);
            }
            zone.set_reverse(*address, endpoint.owner_name + "." + network_name);
        }
    }
}

net::Zone& Networks::enter_zone(const std::string& network_id) {
    Zone& entry = zones_[network_id];
    if (entry.users++ == 0) {
        entry.zone = std::make_shared<net::Zone>();
        const auto folder = paths_.run() / "networks" / network_id;
        std::filesystem::create_directories(folder);
        if (!inotify_) {
            inotify_ = UniqueFd{check(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), [] { return "inotify_init1"; })};
            inotify_watch_ = std::make_unique<Watched>(loop_, inotify_.get());
            spawn(loop_, watch_others(), "watch networks");
        }
        entry.watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), IN_ATTRIB | IN_DELETE | IN_ONLYDIR);
        fill_zone(network_id, *entry.zone);
    }
    return *entry.zone;
}

void Networks::leave_zone(const std::string& network_id) {
    const auto entry = zones_.find(network_id);
    if (entry == zones_.end() || --entry->second.users > 0) {
        return;
    }
    ::inotify_rm_watch(inotify_.get(), entry->second.watch);
    zones_.erase(entry);
    const auto folder = paths_.run() / "networks" / network_id;
    ::unlink((folder / (project_.empty() ? "_" : project_)).c_str());
    ::rmdir(folder.c_str());  // the last one
}

void Networks::fill_zone(const std::string& network_id, net::Zone& zone) const {
    const auto network = store_.find(network_id);
    if (!network) {
        return;
    }
    if (network->driver == "bridge") {  // a LAN's resolver may know the LAN's hosts
        std::vector<net::Subnet> subnets;
        for (const net::Pool& pool : network->pools) {
            subnets.push_back(pool.subnet);
        }
        zone.set_subnets(std::move(subnets));
    }
    for (const net::Endpoint& endpoint : store_.endpoints_of_network(network_id)) {
        add_names(zone, endpoint, network->name);
    }
}

void Networks::renew_zone(const std::string& network_id) {
    if (const auto entry = zones_.find(network_id); entry != zones_.end()) {
        *entry->second.zone = net::Zone{};
        fill_zone(network_id, *entry->second.zone);
        relink(network_id);
    }
}

void Networks::relink(const std::string& network_id) {
    const net::Zone& zone = *zones_.at(network_id).zone;
    for (auto& [id, serving] : serving_) {
        for (const desired::Link& link : serving.links) {
            const auto* addresses = zone.find(to_lower(link.container));
            if (addresses == nullptr) {
                continue;
            }
            if (link.variables && !addresses->empty()) {
                move_in_hosts(id, link.alias, addresses->front());
            }
            if (!serving.view) {
                continue;
            }
            net::Zone& own = serving.view->own();
            const std::string alias = to_lower(link.alias);
            if (const auto* old = own.find(alias)) {
                for (const auto stale = *old; const net::IpAddress& address : stale) {
                    own.remove(alias, address);
                }
            }
            for (const net::IpAddress& address : *addresses) {
                own.add(alias, address);
            }
        }
    }
}

void Networks::tell_others(const std::string& network_id) const {
    const auto file = paths_.run() / "networks" / network_id / (project_.empty() ? "_" : project_);
    const UniqueFd fd{::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    if (fd) {
        ::futimens(fd.get(), nullptr);
    }
}

Task<> Networks::watch_others() {
    const std::string own = project_.empty() ? "_" : project_;
    alignas(inotify_event) std::array<char, 8192> buffer;
    while (true) {
        const bool ready = co_await inotify_watch_->readable();
        if (!ready) {
            break;
        }
        std::set<std::string> changed;
        for (ssize_t got = 0; (got = ::read(inotify_.get(), buffer.data(), buffer.size())) > 0;) {
            for (ssize_t at = 0; at < got;) {
                const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
                at += static_cast<ssize_t>(sizeof *event + event->len);
                for (const auto& [network_id, zone] : zones_) {
                    if (zone.watch == event->wd && event->len > 0 && own != event->name) {
                        changed.insert(network_id);
                    }
                }
            }
        }
        for (const std::string& network_id : changed) {
            renew_zone(network_id);
        }
    }
}

}  // namespace stack::engine::supervisor
