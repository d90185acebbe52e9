#include <fmt/format.h>

#include "cli/render_error.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

namespace stack::cli {

int container_wait(Context& context, const Flags& flags) {
    int code = 0;
    for (const std::string& word : flags.words()) {
        try {
            const engine::ContainerRow row = StateView{context.paths}.get(word);
            // The end of one that is gone unrecorded is its supervisor's to tell.
            if (!row.is_up() && !row.vanished) {
                fmt::print("{}\n", row.exit_code.value_or(0));
                continue;
            }
            engine::SupervisorClient client{context.paths, row.project};
            const engine::ExitResult result = client.wait(row.id, engine::SupervisorClient::WaitFor::not_running);
            fmt::print("{}\n", result.exit_code.value_or(-1));
        } catch (const Error& error) {
            report_and_go_on(context, error);
            code = 1;
        }
    }
    return code;
}

}  // namespace stack::cli
