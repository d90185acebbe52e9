#include <optional>

#include <unistd.h>

#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/access/tree.hpp"
#include "engine/runtime/copy.hpp"
#include "support/error.hpp"
#include "support/whole_file.hpp"

namespace stack::cli {

int container_export(Context& context, const Flags& flags) {
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words().front());
    std::optional<WholeFile> file;
    if (const auto name = flags.value("output")) {
        file.emplace(*name);
    } else if (::isatty(STDOUT_FILENO) == 1) {
        throw Error{Errc::invalid_input, "a tar on the terminal helps nobody"}.hint("use -o FILE or '> FILE'");
    }
    const UniqueFd root = engine::open_container_layers(context.paths, row);
    runtime::copy_out_all(root.get(), file ? file->fd() : STDOUT_FILENO);
    if (file) {
        file->publish();
    }
    return 0;
}

}  // namespace stack::cli
