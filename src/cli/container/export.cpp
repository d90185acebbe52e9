#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/access/tree.hpp"
#include "engine/runtime/copy.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::cli {

int container_export(Context& context, const Flags& flags) {
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words().front());
    UniqueFd file;
    if (const auto name = flags.value("output")) {
        file = kernel::open_at(AT_FDCWD, *name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    } else if (::isatty(STDOUT_FILENO) == 1) {
        throw Error{Errc::invalid_input, "a tar on the terminal helps nobody"}.hint("use -o FILE or '> FILE'");
    }
    const UniqueFd root = engine::open_container_layers(context.paths, row);
    runtime::copy_out(root.get(), "/.", file ? file.get() : STDOUT_FILENO, true);
    return 0;
}

}  // namespace stack::cli
