#include "cli/container/attach_session.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int container_attach(Context& context, const Flags& flags) {
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words().front());
    return attach_to_row(context, flags, row);
}

}  // namespace stack::cli
