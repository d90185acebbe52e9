#include <catch2/catch.hpp>

#include "integration/net/test_host.hpp"
#include "net/netns.hpp"

using namespace stack;
using namespace stack::net;
using namespace stack::test;

namespace {

EndpointRequest endpoint_of(const std::string& owner) {
    EndpointRequest request;
    request.owner_id = owner;
    request.owner_name = owner;
    return request;
}

PortForward forward(const Endpoint& endpoint, std::uint16_t host_port, std::uint16_t port) {
    PortForward out;
    out.endpoint_id = endpoint.id;
    out.owner_id = endpoint.owner_id;
    out.host_port = host_port;
    out.container_ip = *endpoint.ipv4;
    out.container_port = port;
    return out;
}

void tear_down(TestHost& host, UniqueFd& netns, const std::string& owner, const Network& network) {
    host.firewall.unpublish(owner);
    for (const Endpoint& endpoint : host.store.endpoints_of(owner)) {
        detach(netns.get(), host.store, endpoint);
    }
    host.firewall.remove_if_unused();
    if (host.store.endpoints_of_network(network.id).empty()) {
        host.store.remove(network);
    }
}

}  // namespace

TEST_CASE("a container reaches the LAN by masquerade and is reached by its published port", "[net]") {
    TestHost host;
    const Network network = host.store.create_network({.name = "blog_default"});
    UniqueFd web = make_netns();
    const Endpoint endpoint = attach(web.get(), host.store, network, endpoint_of("web"));
    host.firewall.ensure({network});
    host.firewall.publish({forward(endpoint, 8000, 80)});
    {
        const EchoServer outside{host.lan_netns(), 7000, "lan"};
        CHECK(ask(web.get(), "192.0.2.2", 7000) == "192.0.2.1 lan");
        const EchoServer site{web.get(), 80, "site"};
        CHECK(ask(host.host.get(), "127.0.0.1", 8000) == to_string(*endpoint.gateway_v4) + " site");
        CHECK(ask(host.host.get(), "192.0.2.1", 8000) == "192.0.2.1 site");
        CHECK(ask(host.lan_netns(), "192.0.2.1", 8000) == "192.0.2.2 site");
        CHECK(ask(web.get(), "192.0.2.1", 8000) == to_string(*endpoint.gateway_v4) + " site");
    }
    tear_down(host, web, "web", network);
}
