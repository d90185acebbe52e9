#include "cli/compose/images.hpp"
#include "cli/compose/lifecycle.hpp"
#include "cli/compose/up_flags.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
#include "engine/runtime/launch.hpp"

namespace stack::cli {

int compose_create(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    if (flags.on("force-recreate") && flags.on("no-recreate")) {
        throw UsageError{"--force-recreate and --no-recreate exclude each other"};
    }
    const compose::LoadedProject loaded = load_project(context, flags.words());
    check_services(loaded.project, flags.words());
    engine::UpOptions options = common_up_options(flags, loaded.project);
    options.start = false;
    desired::DesiredState state = desired_state(loaded);
    provide_images(context, loaded, state, flags.words(), common_image_policy(flags));
    if (context.dry_run) {
        return print_plan(context, state, options);
    }
    run_operation(
        context, state.project, "Creating",
        [&](engine::SupervisorClient& client, const engine::EventSink& sink) { client.up(state, options, sink); });
    return 0;
}

}  // namespace stack::cli
