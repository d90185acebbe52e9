#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/container/attach_session.hpp"
#include "cli/container/create.hpp"
#include "cli/container/spec_flags.hpp"
#include "cli/exit_codes.hpp"
#include "cli/terminal_session.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

namespace {

/// Which streams are ours: those of -a, else stdout and stderr, and stdin with -i.
void take_streams(const Flags& flags, AttachWish& wish) {
    std::vector<std::string> streams = flags.values("attach");
    if (streams.empty()) {
        return;
    }
    if (flags.on("detach")) {
        throw UsageError{"conflicting options: -a and -d"};
    }
    for (std::string& stream : streams) {
        std::transform(stream.begin(), stream.end(), stream.begin(), [](unsigned char c) { return std::tolower(c); });
        if (stream != "stdin" && stream != "stdout" && stream != "stderr") {
            throw UsageError{fmt::format("invalid value '{}' for --attach: expected stdin, stdout or stderr", stream)};
        }
    }
    const auto has = [&](const char* name) { return std::find(streams.begin(), streams.end(), name) != streams.end(); };
    wish.interactive = wish.interactive && has("stdin");
    wish.show_out = has("stdout");
    wish.show_err = has("stderr");
}

/// The program never ran: that is 125, whether a flag, its value or the engine is to blame.
template <class Step>
auto before_it_runs(const Step& step) {
    try {
        return step();
    } catch (const UsageError&) {
        throw;
    } catch (const Error& error) {
        throw ExitError{exit_engine_error, error};
    }
}

}  // namespace

int container_run(Context& context, const Flags& flags) {
    desired::ContainerSpec spec = before_it_runs([&] { return spec_from_flags(flags); });
    AttachWish wish;
    wish.interactive = flags.on("interactive");
    wish.tty = flags.on("tty");
    wish.forward_signals = !flags.given("sig-proxy") || flags.on("sig-proxy");
    wish.auto_remove = spec.auto_remove;
    wish.detach_keys = parse_detach_keys(flags.value_or("detach-keys", default_detach_keys));
    wish.start = true;
    take_streams(flags, wish);
    const bool background = flags.on("detach");
    if (!background && wish.tty && wish.interactive && isatty(STDIN_FILENO) != 1) {
        throw Error{Errc::invalid_input, "the input device is not a TTY"}.hint("leave out -t");
    }
    spec.stdin_once = wish.interactive && !background;
    engine::SupervisorClient client{context.paths, ""};
    wish.id = before_it_runs([&] { return create_from_flags(context, flags, spec, client); });
    if (background) {
        start_container(client, wish.id);
        fmt::print("{}\n", wish.id);
        return 0;
    }
    return attach_to_container(context, client, wish);
}

}  // namespace stack::cli
