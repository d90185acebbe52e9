#include "compose/short/short_port.hpp"

#include <array>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "support/text.hpp"

namespace stack::compose {
namespace {

using Result = ShortForm<ShortPorts>;
constexpr std::uint64_t highest_port = 65535;
constexpr std::size_t shown_bytes = 60;

struct Piece {
    std::string_view text;
    std::size_t offset{0};
};

/// The text cut at its colons, but not at those of an address, which may have some of its own.
struct Pieces {
    Piece address;
    Piece host;
    Piece container;
    Piece protocol;
    bool has_protocol{false};
};

Pieces cut(std::string_view text) {
    Pieces pieces;
    if (const auto slash = text.rfind('/'); slash != std::string_view::npos) {
        pieces.protocol = {text.substr(slash + 1), slash + 1};
        pieces.has_protocol = true;
        text = text.substr(0, slash);
    }
    const auto last = text.rfind(':');
    if (last == std::string_view::npos) {
        pieces.container = {text, 0};
        return pieces;
    }
    pieces.container = {text.substr(last + 1), last + 1};
    text = text.substr(0, last);
    const auto before = text.rfind(':');
    if (before == std::string_view::npos) {
        pieces.host = {text, 0};
        return pieces;
    }
    pieces.host = {text.substr(before + 1), before + 1};
    pieces.address = {text.substr(0, before), 0};
    return pieces;
}

bool is_address(const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

std::string_view without_brackets(std::string_view address) {
    if (address.starts_with('[') && address.ends_with(']')) {
        return address.substr(1, address.size() - 2);
    }
    return address;
}

/// Why `piece` is no port or range. `whose` is "container" or "host".
ShortFormProblem explain(const Piece& piece, std::string_view whose) {
    const auto dash = piece.text.find('-');
    const auto low = parse_uint(trim(piece.text.substr(0, dash)));
    const auto high = dash == std::string_view::npos ? low : parse_uint(trim(piece.text.substr(dash + 1)));
    const auto shown = abbreviate(piece.text, shown_bytes);
    if (piece.text != trim(piece.text) && low && high) {
        return {piece.offset, fmt::format("has a space around the {} port '{}'", whose, shown), "remove the space"};
    }
    if (low && high && (*low > highest_port || *high > highest_port)) {
        return {piece.offset, fmt::format("has the {} port {}, which is above 65535", whose, shown),
                "ports go from 1 to 65535"};
    }
    if (low && high && *low > *high) {
        return {piece.offset, fmt::format("has the {} ports {}, which run backwards", whose, shown),
                fmt::format("write {}-{}", *high, *low)};
    }
    if (const auto comment = piece.text.find('#'); comment != std::string_view::npos && comment > 0) {
        return {piece.offset, fmt::format("has '{}' where the {} port is wanted", shown, whose),
                "a comment begins with a space before its '#'"};
    }
    if (const auto more = piece.text.find(','); more != std::string_view::npos && more > 0) {
        return {piece.offset + more, fmt::format("has a ',' in '{}'", shown), "make an entry of its own for each port"};
    }
    return {piece.offset, fmt::format("has '{}' where the {} port is wanted", shown, whose),
            "write [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL], such as \"8080:80\" or \"127.0.0.1:8080:80/tcp\""};
}

Result fail(ShortFormProblem problem) {
    return {std::nullopt, std::move(problem)};
}

std::optional<ShortFormProblem> check_protocol(const Pieces& pieces) {
    static const std::vector<std::string> protocols{"tcp", "udp", "sctp"};
    const auto protocol = to_lower(pieces.protocol.text);
    if (!pieces.has_protocol || protocol == "tcp" || protocol == "udp" || protocol == "sctp") {
        return std::nullopt;
    }
    const auto near = nearest(protocol, protocols);
    const auto number = parse_uint(pieces.protocol.text);
    if (number && *number > 0 && *number <= highest_port && pieces.host.text.empty()) {
        return ShortFormProblem{pieces.protocol.offset,
                                fmt::format("has the port '{}' where the protocol is wanted", *number),
                                fmt::format("between ports stands a ':'; write \"{}:{}\"",
                                            abbreviate(pieces.container.text, shown_bytes), *number)};
    }
    return ShortFormProblem{pieces.protocol.offset,
                            fmt::format("has the unknown protocol '{}'", abbreviate(pieces.protocol.text, shown_bytes)),
                            near ? fmt::format("did you mean '{}'?", *near) : "allowed: tcp, udp, sctp"};
}

std::optional<ShortFormProblem> check_address(const Pieces& pieces) {
    const auto address = without_brackets(pieces.address.text);
    if (address.empty() || is_address(std::string{address})) {
        return std::nullopt;
    }
    if (const auto word = to_lower(address); word == "tcp" || word == "udp" || word == "sctp") {
        return ShortFormProblem{
            pieces.address.offset, fmt::format("begins with the protocol '{}'", word),
            fmt::format("the protocol comes last: \"{}:{}/{}\"", abbreviate(pieces.host.text, shown_bytes),
                        abbreviate(pieces.container.text, shown_bytes), word)};
    }
    return ShortFormProblem{
        pieces.address.offset,
        fmt::format("has '{}' where an address of the host is wanted", abbreviate(pieces.address.text, shown_bytes)),
        address == "localhost" ? "write 127.0.0.1" : "write an IP address of the host, such as 127.0.0.1"};
}

}  // namespace

std::optional<PortRange> parse_port_range(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = parse_uint(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_uint(text.substr(dash + 1));
    if (!first || !last || *first > *last || *last > highest_port) {
        return std::nullopt;
    }
    return PortRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

std::string ShortPorts::published_as(std::size_t n) const {
    if (!published) {
        return {};
    }
    if (published->count() == target.count()) {
        return std::to_string(published->first + n);
    }
    return fmt::format("{}-{}", published->first, published->last);
}

ShortForm<ShortPorts> parse_short_port(std::string_view text) {
    if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
        return Result::failed(0, fmt::format("is the web address '{}'", abbreviate(text, shown_bytes)),
                              "write ports, such as \"8080:80\" or \"127.0.0.1:8080:80\"");
    }
    const auto pieces = cut(text);
    if (pieces.container.text.empty()) {
        return Result::failed(
            pieces.container.offset,
            text.empty() ? "is empty" : fmt::format("has no container port in '{}'", abbreviate(text, shown_bytes)),
            "write [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL], such as \"8080:80\"");
    }
    const auto container = parse_port_range(pieces.container.text);
    if (!container) {
        return fail(explain(pieces.container, "container"));
    }
    if (container->first == 0) {
        return Result::failed(pieces.container.offset, "has the container port 0", "ports go from 1 to 65535");
    }
    std::optional<PortRange> host;
    if (!pieces.host.text.empty()) {
        host = parse_port_range(pieces.host.text);
        if (!host) {
            return fail(explain(pieces.host, "host"));
        }
    }
    if (host && host->count() != container->count() && container->count() != 1) {
        return Result::failed(
            pieces.host.offset,
            fmt::format("publishes {} container ports on {} host ports", container->count(), host->count()),
            fmt::format("make both ranges equally long, such as {}-{}:{}", host->first,
                        host->first + container->count() - 1, pieces.container.text));
    }
    if (auto problem = check_address(pieces)) {
        return fail(std::move(*problem));
    }
    if (auto problem = check_protocol(pieces)) {
        return fail(std::move(*problem));
    }
    ShortPorts ports{std::string{without_brackets(pieces.address.text)}, *container, host};
    if (pieces.has_protocol) {
        ports.protocol = to_lower(pieces.protocol.text);
    }
    return {std::move(ports), std::nullopt};
}

}  // namespace stack::compose
