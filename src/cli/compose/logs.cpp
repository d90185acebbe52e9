#include <set>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "cli/compose/lifecycle.hpp"
#include "cli/log_flags.hpp"
#include "cli/log_stream.hpp"
#include "cli/state_view.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

void follow(LogStream& stream) {
    for (;;) {
        pollfd watch{stream.watch_fd(), POLLIN, 0};
        stream.refresh();
        const bool more = stream.any_up();
        stream.pump(!more);
        if (!more) {
            return;
        }
        ::poll(&watch, 1, -1);
        stream.acknowledge();
    }
}

void tell_of_silent_ones(const Context& context, const std::string& project, const LogStream::Wanted& wanted) {
    for (const engine::ContainerRow& row : StateView{context.paths}.of_project(project)) {
        if (wanted(row) && row.log_driver == "none") {
            fmt::print(stderr, "warning: container '{}' keeps no output: its log driver is 'none'\n", row.name);
        }
    }
}

}  // namespace

int compose_logs(Context& context, const Flags& flags) {
    const ProjectHandle project = find_project(context);
    const std::optional<engine::Targets> targets = project_targets(context, project, flags.words());
    if (!targets) {
        return 0;
    }
    const std::optional<long> index = flags.number("index");
    const std::set<std::string> services{targets->services.begin(), targets->services.end()};
    const LogStream::Wanted wanted = [&](const engine::ContainerRow& row) {
        return (targets->all || services.contains(row.service)) && (!index || row.replica == *index);
    };
    tell_of_silent_ones(context, project.name, wanted);
    const LogStyle style{.prefix = !flags.on("no-log-prefix"),
                         .timestamps = flags.on("timestamps"),
                         .colours = !flags.on("no-color") && colours_on(STDOUT_FILENO, context.colours)};
    LogStream stream{context, project.name, wanted, log_read_options(flags), style};
    if (flags.on("follow")) {
        follow(stream);
    } else {
        stream.pump(true);
    }
    return 0;
}

}  // namespace stack::cli
