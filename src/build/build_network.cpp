#include "build/build_network.hpp"

#include "net/firewall.hpp"
#include "net/netns.hpp"
#include "net/resolv_conf.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/log.hpp"

namespace stack::build {

BuildNetwork::BuildNetwork(const Paths& paths, const Database& database, const std::string& owner_id, bool connected)
    : paths_{paths}, store_{database, paths.tag()}, netns_{net::make_netns()} {
    if (!connected) {
        return;
    }
    const auto network = store_.ensure_link(store_.get("bridge"));
    net::EndpointRequest request;
    request.owner_id = owner_id;
    request.owner_name = "a build";
    endpoint_ = net::attach(netns_.get(), store_, network, request);
    net::Firewall{paths_, store_}.ensure({network});
}

BuildNetwork::~BuildNetwork() {
    if (!endpoint_) {
        return;
    }
    ErrorList errors;
    errors.attempt("disconnect a build", [&] { net::detach(netns_.get(), store_, *endpoint_); });
    errors.attempt("take the firewall's rules off", [&] { net::Firewall{paths_, store_}.remove_if_unused(); });
    errors.attempt("take the bridge off", [&] { store_.release_standing_link(); });
    for (const auto& error : errors.errors()) {
        log_warning("{}", error.what());
    }
}

void release_network(const Paths& paths, const Database& database, const std::string& owner_id) {
    net::NetworkStore store{database, paths.tag()};
    for (const auto& endpoint : store.endpoints_of(owner_id)) {
        net::detach(-1, store, endpoint);
    }
    net::Firewall{paths, store}.remove_if_unused();
    store.release_standing_link();
}

std::string resolv_conf_for_build(bool host_network) {
    auto host = net::parse_resolv_conf(find_file("/etc/resolv.conf").value_or(""));
    net::ResolvConfRequest request;
    request.embedded = false;
    const auto only_local = [](const net::ResolvConf& conf) {
        for (const auto& server : conf.nameservers) {
            if (!server.is_loopback()) {
                return false;
            }
        }
        return true;
    };
    if (!host_network && only_local(host)) {
        // systemd-resolved keeps the real ones here (systemd-resolved.service(8)).
        if (const auto real = find_file("/run/systemd/resolve/resolv.conf")) {
            host = net::parse_resolv_conf(*real);
        }
    }
    return net::render_resolv_conf(host, request, host_network);
}

}  // namespace stack::build
