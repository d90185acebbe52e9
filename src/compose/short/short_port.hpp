#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compose/short/short_form.hpp"

namespace stack::compose {

/// Ports first to last, both included; one port is a range of itself.
struct PortRange {
    std::uint16_t first{0};
    std::uint16_t last{0};

    std::size_t count() const noexcept { return std::size_t{last} - first + 1U; }
};

/// "8080" or "8000-8010", whole text; 0 is a port here. nullopt on anything else and if the range runs backwards.
std::optional<PortRange> parse_port_range(std::string_view text);

/// The ports of one short form.
struct ShortPorts {
    std::string host_ip;
    PortRange target;
    /// Unset: any free port of the host. As long as `target`: port by port. Longer: any free one of these.
    std::optional<PortRange> published;
    std::string protocol{"tcp"};  // tcp, udp, sctp

    /// What the n-th port of `target` is published as: "", "8080" or "3000-3005".
    std::string published_as(std::size_t n) const;
};

/// "[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]" (compose-spec 05-services "ports"). An IPv6 address may stand in brackets.
ShortForm<ShortPorts> parse_short_port(std::string_view text);

}  // namespace stack::compose
