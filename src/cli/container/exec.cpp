#include <unistd.h>

#include "cli/container/env_file.hpp"
#include "cli/container/exec_session.hpp"
#include "cli/state_view.hpp"
#include "cli/terminal_session.hpp"
#include "cli/verbs.hpp"
#include "engine/runtime/launch.hpp"

namespace stack::cli {

int container_exec(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    ExecWish wish;
    wish.args.assign(flags.words().begin() + 1, flags.words().end());
    wish.env = env_with_files(flags.values("env-file"), flags.values("env"));
    wish.user = flags.value_or("user", "");
    wish.working_dir = flags.value_or("workdir", "");
    wish.detach = flags.on("detach");
    wish.interactive = flags.on("interactive") && !wish.detach;
    wish.privileged = flags.on("privileged");
    wish.tty = flags.on("tty");
    wish.detach_keys = parse_detach_keys(flags.value_or("detach-keys", default_detach_keys));
    if (wish.tty && wish.interactive && isatty(STDIN_FILENO) != 1) {
        throw Error{Errc::invalid_input, "the input device is not a TTY"}.hint("leave out -t");
    }
    return exec_in_container(context, StateView{context.paths}.get(flags.words().front()), wish);
}

}  // namespace stack::cli
