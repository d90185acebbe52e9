#include "net/network.hpp"

#include <algorithm>

#include "support/text.hpp"

namespace stack::net {
namespace {

const Pool* first_pool(const std::vector<Pool>& pools, bool v6) {
    const auto found =
        std::find_if(pools.begin(), pools.end(), [&](const Pool& pool) { return pool.subnet.base.is_v6() == v6; });
    return found == pools.end() ? nullptr : &*found;
}

bool flag(const StringMap& options, const std::string& key, bool fallback) {
    const auto found = options.find(key);
    return found == options.end() ? fallback : found->second == "true" || found->second == "1";
}

}  // namespace

const Pool* Network::pool_v4() const noexcept {
    return first_pool(pools, false);
}

const Pool* Network::pool_v6() const noexcept {
    return first_pool(pools, true);
}

int Network::mtu() const {
    const auto found = driver_opts.find("com.docker.network.driver.mtu");
    return found == driver_opts.end() ? 0 : static_cast<int>(parse_int(found->second).value_or(0));
}

bool Network::icc() const {
    return flag(driver_opts, "com.docker.network.bridge.enable_icc", true);
}

bool Network::keeps_apart() const {
    return driver == "bridge" && !icc();
}

bool Network::masquerade() const {
    return !internal && flag(driver_opts, "com.docker.network.bridge.enable_ip_masquerade", true);
}

std::string Network::host_binding() const {
    const auto found = driver_opts.find("com.docker.network.bridge.host_binding_ipv4");
    return found == driver_opts.end() ? std::string{} : found->second;
}

}  // namespace stack::net
