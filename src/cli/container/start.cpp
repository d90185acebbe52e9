#include <fmt/format.h>

#include "cli/container/attach_session.hpp"
#include "cli/container/each.hpp"
#include "cli/exit_codes.hpp"
#include "cli/render_error.hpp"
#include "cli/state_view.hpp"
#include "cli/terminal_session.hpp"
#include "cli/verbs.hpp"
#include "desired/json.hpp"
#include "engine/client.hpp"

namespace stack::cli {

namespace {

/// A paused container is up: it cannot be started, and to say that it was would be a lie.
int start_each(const Context& context, const std::vector<std::string>& names) {
    const StateView state{context.paths};
    std::vector<std::string> others;
    for (const std::string& name : names) {
        const auto row = state.find(name);
        if (row && row->is_up() && row->status == engine::ContainerStatus::paused) {
            Error error{Errc::conflict, fmt::format("cannot start container '{}': it is paused", name)};
            error.set_hint("unpause it instead");
            report_and_go_on(context, error);
        } else {
            others.push_back(name);
        }
    }
    const int code = for_each_container(
        context, others, [](auto& client, const auto& targets, const auto& sink) { client.start(targets, sink); });
    return others.size() < names.size() ? 1 : code;
}

}  // namespace

int container_start(Context& context, const Flags& flags) {
    if (!flags.on("attach") && !flags.on("interactive")) {
        return start_each(context, flags.words());
    }
    if (flags.words().size() > 1) {
        throw Error{Errc::invalid_input, "you cannot start and attach multiple containers at once"};
    }
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words().front());
    const desired::ContainerSpec spec = desired::container_spec_from_json(row.spec_json);
    AttachWish wish;
    wish.id = row.id;
    wish.project = row.project;
    wish.start = true;
    wish.tty = spec.tty;
    wish.interactive = flags.on("interactive") && spec.stdin_open;
    wish.auto_remove = spec.auto_remove;
    wish.detach_keys = parse_detach_keys(flags.value_or("detach-keys", default_detach_keys));
    engine::SupervisorClient client{context.paths, row.project};
    try {
        return attach_to_container(context, client, wish);
    } catch (const ExitError& error) {
        throw Error{error};  // 125 to 127 are for `run`; here every failure is 1
    }
}

}  // namespace stack::cli
