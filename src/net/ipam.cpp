#include "net/ipam.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::net::ipam {
namespace {

bool is_free(const Subnet& candidate, const std::vector<Subnet>& taken) {
    return std::none_of(taken.begin(), taken.end(), [&](const Subnet& other) { return candidate.overlaps(other); });
}

/// Addresses that name the subnet itself. /31 and /32 (RFC 3021), /127 and /128 have none.
bool is_reserved(const Subnet& subnet, const IpAddress& address) {
    if (subnet.prefix >= subnet.base.width() - 1) {
        return false;
    }
    return address == subnet.base || (!address.is_v6() && address == subnet.last());
}

bool is_aux(const Pool& pool, const IpAddress& address) {
    return std::any_of(pool.aux_addresses.begin(), pool.aux_addresses.end(),
                       [&](const auto& aux) { return aux.second == address; });
}

IpAddress inside(const Subnet& subnet, const std::string& text, std::string_view what) {
    const IpAddress address = IpAddress::parse(text);
    if (!subnet.contains(address) || is_reserved(subnet, address)) {
        throw Error(Errc::invalid_input,
                    fmt::format("{} {} is no host address of subnet {}", what, text, to_string(subnet)));
    }
    return address;
}

}  // namespace

const std::vector<Subnet>& default_pools_v4() {
    static const std::vector<Subnet> pools = [] {
        std::vector<Subnet> out;
        for (std::uint32_t second = 17; second <= 31; ++second) {
            out.push_back({IpAddress::v4(172U << 24U | second << 16U), 16});
        }
        for (std::uint32_t third = 0; third < 256; third += 16) {
            out.push_back({IpAddress::v4(192U << 24U | 168U << 16U | third << 8U), 20});
        }
        return out;
    }();
    return pools;
}

Subnet choose_pool_v4(const std::vector<Subnet>& taken) {
    const auto& pools = default_pools_v4();
    const auto found =
        std::find_if(pools.begin(), pools.end(), [&](const Subnet& pool) { return is_free(pool, taken); });
    if (found == pools.end()) {
        throw Error(Errc::conflict, fmt::format("all {} default address pools are used up", pools.size()))
            .hint("remove networks that nobody uses ('network prune'), or give the network a subnet of its own");
    }
    return *found;
}

Subnet choose_pool_v6(const std::vector<Subnet>& taken, const std::string& seed) {
    for (unsigned attempt = 0;; ++attempt) {
        const std::string digest = sha256_hex(fmt::format("{}/{}", seed, attempt));
        // fd, 40 bits of global ID, 16 bits of subnet ID (RFC 4193 3.1)
        const std::string text = fmt::format("fd{}:{}:{}:{}::/64", digest.substr(0, 2), digest.substr(2, 4),
                                             digest.substr(6, 4), digest.substr(10, 4));
        if (const Subnet subnet = Subnet::parse(text); is_free(subnet, taken)) {
            return subnet;
        }
    }
}

Pool check_pool(const PoolRequest& request, const Subnet& subnet, bool wants_gateway) {
    Pool pool;
    pool.subnet = subnet;
    if (!request.ip_range.empty()) {
        pool.ip_range = Subnet::parse(request.ip_range);
        if (!subnet.contains(*pool.ip_range)) {
            throw Error(Errc::invalid_input,
                        fmt::format("ip_range {} is not inside subnet {}", request.ip_range, to_string(subnet)));
        }
    }
    for (const auto& [name, text] : request.aux_addresses) {
        pool.aux_addresses.emplace(name, inside(subnet, text, fmt::format("aux address '{}'", name)));
    }
    if (!request.gateway.empty()) {
        pool.gateway = inside(subnet, request.gateway, "gateway");
        if (is_aux(pool, *pool.gateway)) {
            throw Error(Errc::invalid_input, fmt::format("gateway {} is also an aux address", request.gateway));
        }
    } else if (wants_gateway) {
        pool.gateway = next_address(pool, pool.ip_range ? pool.ip_range->base : subnet.base,
                                    [](const IpAddress&) { return false; });
        if (!pool.gateway) {
            throw Error(Errc::invalid_input, fmt::format("subnet {} has no address for a gateway", to_string(subnet)));
        }
    }
    return pool;
}

std::optional<IpAddress> next_address(const Pool& pool, const IpAddress& hint,
                                      const std::function<bool(const IpAddress&)>& is_taken) {
    const Subnet& range = pool.ip_range ? *pool.ip_range : pool.subnet;
    const IpAddress start = range.contains(hint) ? hint : range.base;
    IpAddress candidate = start;
    do {
        if (!is_reserved(pool.subnet, candidate) && candidate != pool.gateway && !is_aux(pool, candidate) &&
            !is_taken(candidate)) {
            return candidate;
        }
        candidate = candidate == range.last() ? range.base : candidate.plus(1);
    } while (candidate != start);
    return std::nullopt;
}

void check_static(const Pool& pool, const IpAddress& wanted) {
    if (!pool.subnet.contains(wanted) || is_reserved(pool.subnet, wanted)) {
        throw Error(Errc::invalid_input, fmt::format("address {} is no host address of subnet {}", to_string(wanted),
                                                     to_string(pool.subnet)));
    }
    if (wanted == pool.gateway) {
        throw Error(Errc::conflict, fmt::format("address {} is the network's gateway", to_string(wanted)));
    }
    if (is_aux(pool, wanted)) {
        throw Error(Errc::conflict, fmt::format("address {} is reserved by aux_addresses", to_string(wanted)));
    }
}

}  // namespace stack::net::ipam
