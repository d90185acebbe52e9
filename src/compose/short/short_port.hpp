#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// One published port of a short form.
struct ShortPort {
    std::string host_ip;
    std::uint16_t target{0};
    std::string published;  // "", "8080", or "3000-3005": any free one of these
    std::string protocol;   // tcp, udp, sctp
};

/// "[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]" (compose-spec 05-services "ports"), ranges written out port by port.
/// An IPv6 address may stand in brackets.
ShortForm<std::vector<ShortPort>> parse_short_port(std::string_view text);

}  // namespace stack::compose
