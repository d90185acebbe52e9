#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int container_rename(Context& context, const Flags& flags) {
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words()[0]);
    if (row.name == flags.words()[1]) {
        throw Error{Errc::conflict, "renaming a container with the same name as its current name"};
    }
    engine::SupervisorClient{context.paths, row.project}.rename(row.id, flags.words()[1]);
    return 0;
}

}  // namespace stack::cli
