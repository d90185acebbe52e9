#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/build_sources.hpp"
#include "cli/build_view.hpp"
#include "cli/compose/build_many.hpp"
#include "cli/compose/push_services.hpp"
#include "cli/compose/services.hpp"
#include "cli/load_project.hpp"
#include "cli/verbs.hpp"
#include "compose/desired/desired.hpp"
#include "engine/runtime/launch.hpp"

namespace stack::cli {
namespace {

/// `stack build .`: nobody names a service so.
bool names_a_folder(const Flags& flags) {
    const auto& words = flags.words();
    return words.size() == 1 && (words[0] == "." || words[0] == ".." || words[0].find('/') != std::string::npos);
}

int build_folder(const Context& context, const Flags& flags) {
    build::BuildRequest request;
    read_build_folder(request, flags.words()[0], {});
    read_common_flags(request, flags);
    request.tags = flags.values("tag");
    request.target = flags.value_or("target", "");
    build_and_show(context, std::move(request), {}, flags.on("quiet"));
    return 0;
}

}  // namespace

int compose_build(Context& context, const Flags& flags) {
    runtime::ensure_sealed_program(context.argv);
    if (names_a_folder(flags)) {
        return build_folder(context, flags);
    }
    const auto loaded = load_project(context, flags.words());
    context.progress = build_progress(flags, context.progress);
    std::vector<const compose::Service*> to_build;
    int built = 0;
    int worst = 0;
    const auto chosen = chosen_services(loaded.project, flags.words(), flags.on("with-dependencies"));
    for (const auto& name : chosen) {
        const auto& service = loaded.project.services.at(name);
        if (!service.build) {
            continue;
        }
        ++built;
        const auto image = compose::image_of(loaded.project, service);
        if (flags.on("print")) {
            fmt::print("{}: {} from {}\n", name, image, service.build->context);
            continue;
        }
        if (flags.on("check")) {
            worst = std::max(worst, check_service(context, loaded, service));
            continue;
        }
        to_build.push_back(&service);
    }
    if (!to_build.empty()) {
        build_services(context, loaded, to_build, flags.on("quiet"),
                       [&](build::BuildRequest& request) { read_common_flags(request, flags); });
    }
    if (built == 0) {
        fmt::print(stderr, "no service to build\n");
    }
    if (flags.on("push") && !flags.on("print") && !flags.on("check")) {
        push_services(context, loaded.project, chosen, flags.on("quiet"), false);
    }
    return worst;
}

}  // namespace stack::cli
