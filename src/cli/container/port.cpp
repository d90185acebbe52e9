#include <fmt/format.h>

#include "cli/state_view.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

std::string host_address(const std::string& address, unsigned port) {
    return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port)
                                                  : fmt::format("[{}]:{}", address, port);
}

}  // namespace

int container_port(Context& context, const Flags& flags) {
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words().front());
    std::string wish = flags.words().size() > 1 ? flags.words()[1] : "";
    wish += !wish.empty() && wish.find('/') == std::string::npos ? "/tcp" : "";
    bool any = false;
    for (const engine::PublishedPort& port : row.ports) {
        const std::string name = fmt::format("{}/{}", port.container_port, port.protocol);
        if (port.host_port == 0 || (!wish.empty() && wish != name)) {
            continue;
        }
        any = true;
        const std::string prefix = wish.empty() ? name + " -> " : "";
        fmt::print("{}{}\n", prefix, host_address(port.host_ip.empty() ? "0.0.0.0" : port.host_ip, port.host_port));
        if (port.host_ip.empty()) {
            fmt::print("{}{}\n", prefix, host_address("::", port.host_port));
        }
    }
    if (!any && !wish.empty()) {
        throw Error{Errc::not_found, fmt::format("no public port '{}' published for {}", wish, row.name)};
    }
    return 0;
}

}  // namespace stack::cli
