#include <fmt/format.h>

#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/access/tree.hpp"
#include "engine/runtime/changes.hpp"

namespace stack::cli {

int container_diff(Context& context, const Flags& flags) {
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words().front());
    for (const auto& change : runtime::container_changes(engine::container_plan(context.paths, row))) {
        fmt::print("{} {}\n", static_cast<char>(change.kind), change.path);
    }
    return 0;
}

}  // namespace stack::cli
