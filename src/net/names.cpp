#include "net/names.hpp"

#include <algorithm>

#include "support/text.hpp"

namespace stack::net {

void Zone::add(std::string_view name, const IpAddress& address) {
    auto& addresses = names_[to_lower(name)];
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
        addresses.push_back(address);
    }
}

void Zone::remove(std::string_view name, const IpAddress& address) {
    const auto found = names_.find(to_lower(name));
    if (found == names_.end()) {
        return;
    }
    std::erase(found->second, address);
    if (found->second.empty()) {
        names_.erase(found);
    }
}

void Zone::set_reverse(const IpAddress& address, std::string name) {
    reverse_[address] = std::move(name);
}

void Zone::remove_reverse(const IpAddress& address) {
    reverse_.erase(address);
}

const std::vector<IpAddress>* Zone::find(std::string_view name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : &found->second;
}

std::string_view Zone::reverse(const IpAddress& address) const {
    const auto found = reverse_.find(address);
    return found == reverse_.end() ? std::string_view{} : found->second;
}

bool Zone::owns(const IpAddress& address) const {
    return std::any_of(subnets_.begin(), subnets_.end(),
                       [&](const Subnet& subnet) { return subnet.contains(address); });
}

void EndpointView::add_network(std::string network_name, std::shared_ptr<const Zone> zone) {
    remove_network(network_name);
    networks_.emplace_back(to_lower(network_name), std::move(zone));
}

void EndpointView::remove_network(std::string_view network_name) {
    const std::string name = to_lower(network_name);
    std::erase_if(networks_, [&](const auto& network) { return network.first == name; });
}

const std::vector<IpAddress>* EndpointView::resolve(std::string_view name) const {
    if (const auto* addresses = own_.find(name)) {
        return addresses;
    }
    for (const auto& [network, zone] : networks_) {
        if (const auto* addresses = zone->find(name)) {
            return addresses;
        }
    }
    for (const auto& [network, zone] : networks_) {
        const size_t rest = name.size() - std::min(name.size(), network.size() + 1);
        if (rest > 0 && name[rest] == '.' && name.substr(rest + 1) == network) {
            if (const auto* addresses = zone->find(name.substr(0, rest))) {
                return addresses;
            }
        }
    }
    return nullptr;
}

std::string_view EndpointView::reverse(const IpAddress& address) const {
    std::string_view name = own_.reverse(address);
    for (auto network = networks_.begin(); name.empty() && network != networks_.end(); ++network) {
        name = network->second->reverse(address);
    }
    return name;
}

bool EndpointView::owns(const IpAddress& address) const {
    return std::any_of(networks_.begin(), networks_.end(),
                       [&](const auto& network) { return network.second->owns(address); });
}

}  // namespace stack::net
