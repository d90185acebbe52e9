#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "compose/check/consistency_parts.hpp"
#include "compose/check/report.hpp"
#include "support/text.hpp"

namespace stack::compose {
namespace {

/// IPv4 or IPv6, in network order. What is none is the formats' to tell.
struct Address {
    int family{AF_UNSPEC};
    std::array<unsigned char, sizeof(in6_addr)> bytes{};

    bool operator==(const Address&) const = default;
};

struct Subnet {
    Address first;
    unsigned prefix{0};

    bool contains(const Address& address) const {
        const auto bit = [](const Address& of, unsigned i) { return of.bytes[i / 8] >> (7 - i % 8) & 1U; };
        if (address.family != first.family) {
            return false;
        }
        for (unsigned i = 0; i < prefix; ++i) {
            if (bit(address, i) != bit(first, i)) {
                return false;
            }
        }
        return true;
    }
};

std::optional<Address> read_address(std::string_view text) {
    const std::string whole{text};
    for (const int family : {AF_INET, AF_INET6}) {
        Address address{family, {}};
        if (::inet_pton(family, whole.c_str(), address.bytes.data()) == 1) {
            return address;
        }
    }
    return std::nullopt;
}

std::optional<Subnet> read_subnet(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = read_address(text.substr(0, slash));
    const auto prefix = slash == std::string_view::npos ? std::nullopt : parse_uint(text.substr(slash + 1));
    if (!address || !prefix || *prefix > (address->family == AF_INET ? 32U : 128U)) {
        return std::nullopt;
    }
    return Subnet{*address, static_cast<unsigned>(*prefix)};
}

const Node* text_of(const Node& mapping, std::string_view key) {
    const Node* node = mapping.find(key);
    return node != nullptr && node->is_string() ? node : nullptr;
}

/// What a network says about its addresses, with those that services have taken.
struct Pool {
    std::vector<std::pair<Subnet, std::string_view>> subnets;  // as read, as written
    std::vector<std::pair<Address, std::string_view>> taken;   // by which service

    bool has(int family) const {
        return std::any_of(subnets.begin(), subnets.end(),
                           [&](const auto& subnet) { return subnet.first.first.family == family; });
    }
    bool contains(const Address& address) const {
        return std::any_of(subnets.begin(), subnets.end(),
                           [&](const auto& subnet) { return subnet.first.contains(address); });
    }
    std::string described(int family) const {
        std::vector<std::string> words;
        for (const auto& [subnet, text] : subnets) {
            if (subnet.first.family == family) {
                words.emplace_back(text);
            }
        }
        return enumerate(words);
    }
};

class Addresses {
public:
    explicit Addresses(Findings& findings) : findings_{findings} {}

    void network(const Member& member, const Path& path) {
        const Node* ipam = member.value.find("ipam");
        const Node* config = ipam == nullptr ? nullptr : ipam->find("config");
        if (config == nullptr || !config->is_sequence()) {
            return;
        }
        Pool& pool = pools_[member.key];
        const Path section = path / "ipam";
        const Path list = section / "config";
        for (std::size_t i = 0; i < config->items().size(); ++i) {
            const Node& entry = config->items()[i];
            const Node* text = text_of(entry, "subnet");
            const auto subnet = text == nullptr ? std::nullopt : read_subnet(text->text);
            if (!subnet) {
                continue;
            }
            pool.subnets.emplace_back(*subnet, text->text);
            entry_of_pool(entry, *subnet, text->text, list / i);
        }
    }

    void service(const Member& service, const Path& path) {
        const Node* networks = service.value.find("networks");
        if (networks == nullptr || !networks->is_mapping()) {
            return;
        }
        const Path section = path / "networks";
        for (const Member& attachment : networks->members()) {
            const auto pool = pools_.find(attachment.key);
            if (pool == pools_.end()) {
                continue;
            }
            const Path here = section / attachment.key;
            for (const std::string_view key : {"ipv4_address", "ipv6_address"}) {
                if (const Node* text = text_of(attachment.value, key)) {
                    wanted(service, attachment.key, *text, pool->second, here / key);
                }
            }
        }
    }

private:
    void entry_of_pool(const Node& entry, const Subnet& subnet, std::string_view subnet_text, const Path& path) {
        for (const std::string_view key : {"gateway", "ip_range"}) {
            const Node* text = text_of(entry, key);
            const auto address = text == nullptr
                                     ? std::nullopt
                                     : read_address(std::string_view{text->text}.substr(0, text->text.find('/')));
            if (address && !subnet.contains(*address)) {
                findings_.warning(
                    text->mark, path / key,
                    fmt::format("{} '{}' does not lie in the subnet '{}'", key, shown(text->text), shown(subnet_text)),
                    "choose one of the subnet's addresses");
            }
        }
    }

    void wanted(const Member& service, std::string_view network, const Node& text, Pool& pool, const Path& path) {
        const auto address = read_address(text.text);
        if (!address || !pool.has(address->family)) {
            return;
        }
        if (!pool.contains(*address)) {
            findings_.warning(
                text.mark, path,
                fmt::format("the address '{}' of service '{}' does not lie in network '{}', which has {}",
                            shown(text.text), shown(service.key), shown(network), pool.described(address->family)),
                "choose one of the network's addresses");
            return;
        }
        const auto first = std::find_if(pool.taken.begin(), pool.taken.end(),
                                        [&](const auto& taken) { return taken.first == *address; });
        if (first != pool.taken.end()) {
            findings_.warning(text.mark, path,
                              fmt::format("service '{}' wants the address '{}', which service '{}' has too",
                                          shown(service.key), shown(text.text), shown(first->second)),
                              "give each an address of its own");
        } else if (pool.taken.size() < most_compared) {
            pool.taken.emplace_back(*address, service.key);
        }
    }

    static constexpr std::size_t most_compared = 1024;  // a bridge has no more ports

    Findings& findings_;
    std::unordered_map<std::string_view, Pool> pools_;
};

}  // namespace

void check_addresses(const Node& document, const ServiceFilter& active, Findings& findings) {
    const Node* networks = document.find("networks");
    const Node* services = document.find("services");
    if (networks == nullptr || services == nullptr || !networks->is_mapping()) {
        return;
    }
    Addresses addresses{findings};
    const Path root;
    const Path networks_path = root / "networks";
    for (const Member& member : networks->members()) {
        addresses.network(member, networks_path / member.key);
    }
    const Path services_path = root / "services";
    for (const Member& member : services->members()) {
        if (active(member.key)) {
            addresses.service(member, services_path / member.key);
        }
    }
}

}  // namespace stack::compose
