#include <cstdio>

#include <fmt/format.h>
#include <poll.h>

#include "cli/container_text.hpp"
#include "cli/log_flags.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "desired/json.hpp"
#include "engine/logs/driver.hpp"

namespace stack::cli {

namespace {

void print_line(const engine::logs::Line& line, bool timestamps, const std::string& details) {
    std::FILE* to = line.stream == engine::logs::Stream::err ? stderr : stdout;
    std::string out = timestamps ? rfc3339(line.time_ns) + " " : std::string{};
    out.append(details).append(line.text);
    out += line.complete ? "\n" : "";
    std::fwrite(out.data(), 1, out.size(), to);
}

/// "a=1,b=2 ", as `docker logs --details` begins each line: what the logging options choose of labels and environment.
std::string details_of(const engine::ContainerRow& row) {
    const auto spec = desired::container_spec_from_json(row.spec_json);
    engine::logs::Origin origin;
    origin.labels = row.labels;
    for (const std::string& variable : spec.environment) {
        const size_t sign = variable.find('=');
        origin.environment[variable.substr(0, sign)] = sign == std::string::npos ? "" : variable.substr(sign + 1);
    }
    std::string text;
    for (const auto& [name, value] : engine::logs::extra_attributes(spec.logging.options, origin)) {
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
    }
    return text + " ";
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
    const std::string details = flags.on("details") ? details_of(row) : std::string{};
    engine::logs::Reader reader{{context.paths.container(row.id) / "logs"}, log_read_options(flags)};
    const engine::logs::Reader::Sink sink = [&](const engine::logs::Line& line) {
        print_line(line, timestamps, details);
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
