#include <cstdio>

#include <fmt/format.h>
#include <poll.h>

#include "cli/container_text.hpp"
#include "cli/log_flags.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

void print_line(const engine::logs::Line& line, bool timestamps) {
    std::FILE* to = line.stream == engine::logs::Stream::err ? stderr : stdout;
    std::string out = timestamps ? rfc3339(line.time_ns) + " " : std::string{};
    out.append(line.text);
    out += line.complete ? "\n" : "";
    std::fwrite(out.data(), 1, out.size(), to);
}

}  // namespace

int container_logs(Context& context, const Flags& flags) {
    const StateView state{context.paths};
    const engine::ContainerRow row = state.get(flags.words().front());
    if (row.log_driver == "none") {
        throw Error{Errc::unsupported,
                    fmt::format("container '{}' keeps no output: its log driver is 'none'", row.name)}
            .hint("attach to it to see what it says from now on, or make it anew with another log driver");
    }
    const bool timestamps = flags.on("timestamps");
    engine::logs::Reader reader{{context.paths.container(row.id) / "logs"}, log_read_options(flags)};
    const engine::logs::Reader::Sink sink = [&](const engine::logs::Line& line) {
        print_line(line, timestamps);
        return true;
    };
    if (!flags.on("follow")) {
        reader.read(sink);
        return 0;
    }
    for (bool more = true; more;) {
        pollfd watch{reader.watch_fd(), POLLIN, 0};
        const std::optional<engine::ContainerRow> now = state.find(row.id);
        more = now && now->is_up();
        reader.read(sink, !more);
        std::fflush(stdout);
        if (more) {
            ::poll(&watch, 1, -1);
            reader.acknowledge();
        }
    }
    return 0;
}

}  // namespace stack::cli
