#include <fmt/format.h>

#include "cli/compose/lifecycle.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "support/text.hpp"

namespace stack::cli {

int compose_port(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    const std::string& service = flags.words()[0];
    const std::string& word = flags.words()[1];
    const size_t slash = word.find('/');
    const std::string protocol =
        slash == std::string::npos ? flags.value_or("protocol", "tcp") : word.substr(slash + 1);
    const std::optional<std::int64_t> number = parse_int(std::string_view{word}.substr(0, slash));
    if (!number || *number < 1 || *number > 65535) {
        throw UsageError{fmt::format("invalid port '{}'", word)};
    }
    if (project.loaded) {
        check_services(project.loaded->project, {service});
    }
    const engine::ContainerRow row = StateView{context.paths}.replica(project.name, service, flags.number("index"));
    for (const engine::PublishedPort& port : row.ports) {
        if (port.container_port == *number && port.protocol == protocol && port.host_port != 0) {
            fmt::print("{}:{}\n", port.host_ip.empty() ? "0.0.0.0" : port.host_ip, port.host_port);
            return 0;
        }
    }
    throw Error{Errc::not_found,
                fmt::format("no port {}/{} is published for container {}", *number, protocol, row.name)};
}

}  // namespace stack::cli
