// Short forms of ports: what is understood is within its limits, and means the same when it is written down again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "compose/short/short_port.hpp"
#include "support/text.hpp"

using namespace stack::compose;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool good) {
    if (!good) {
        std::abort();
    }
}

std::string range_text(const PortRange& range) {
    return std::to_string(range.first) + "-" + std::to_string(range.last);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto form = parse_short_port(text);
    require(form.parts.has_value() != form.problem.has_value());
    if (!form.parts) {
        require(!form.problem->message.empty());
        return 0;
    }
    const ShortPorts& ports = *form.parts;
    require(ports.target.first > 0 && ports.target.first <= ports.target.last);
    require(ports.protocol == "tcp" || ports.protocol == "udp" || ports.protocol == "sctp");
    require(!ports.published || ports.published->first <= ports.published->last);
    for (const std::size_t n : {std::size_t{0}, ports.target.count() - 1}) {
        const std::string published = ports.published_as(n);
        require(published.empty() || parse_port_range(published).has_value());
    }
    std::string again = ports.host_ip.find(':') == std::string::npos ? ports.host_ip : "[" + ports.host_ip + "]";
    again += again.empty() ? "" : ":";
    again += ports.published ? range_text(*ports.published) + ":" : again.empty() ? "" : ":";
    again += range_text(ports.target) + "/" + ports.protocol;
    const auto second = parse_short_port(again);
    require(second.parts && second.parts->target.first == ports.target.first &&
            second.parts->target.last == ports.target.last && second.parts->host_ip == ports.host_ip &&
            second.parts->protocol == ports.protocol);
    return 0;
}
