#include <fmt/format.h>

#include "cli/compose/images.hpp"
#include "cli/compose/lifecycle.hpp"
#include "cli/compose/up_flags.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
#include "engine/runtime/launch.hpp"

namespace stack::cli {

int compose_scale(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    engine::UpOptions options;
    std::vector<std::string> services;
    for (const std::string& word : flags.words()) {
        services.push_back(word.substr(0, word.find('=')));
    }
    const compose::LoadedProject loaded = load_project(context, services);
    options.scale = parse_scale(flags.words(), loaded.project, "the arguments");
    options.services = services;
    options.no_deps = flags.on("no-deps");
    desired::DesiredState state = desired_state(loaded);
    provide_images(context, loaded, state, services, {});
    if (context.dry_run) {
        return print_plan(context, state, options);
    }
    run_operation(
        context, state.project, "Scaling",
        [&](engine::SupervisorClient& client, const engine::EventSink& sink) { client.up(state, options, sink); });
    return 0;
}

}  // namespace stack::cli
