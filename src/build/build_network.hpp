#pragma once

#include <optional>
#include <string>

#include "net/endpoint.hpp"
#include "net/network_store.hpp"
#include "support/database.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/paths.hpp"

namespace stack::build {

/// The network of one RUN: a namespace of its own, connected to the standing bridge network and through it, with the
/// host's address, to the outside. With `connected` false there is only loopback.
class BuildNetwork {
public:
    BuildNetwork(const Paths& paths, const Database& database, const std::string& owner_id, bool connected);
    BuildNetwork(const BuildNetwork&) = delete;
    BuildNetwork& operator=(const BuildNetwork&) = delete;
    ~BuildNetwork();

    int netns() const noexcept { return netns_.get(); }

private:
    const Paths& paths_;
    net::NetworkStore store_;
    UniqueFd netns_;
    std::optional<net::Endpoint> endpoint_;
};

/// Gives back addresses and links of a build that was killed.
void release_network(const Paths& paths, const Database& database, const std::string& owner_id);

/// Text of /etc/resolv.conf for a RUN: the host's resolvers that can be reached from outside of the host.
std::string resolv_conf_for_build(bool host_network);

}  // namespace stack::build
