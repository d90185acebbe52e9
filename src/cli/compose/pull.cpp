#include <cstdio>

#include <fmt/format.h>

#include "cli/compose/services.hpp"
#include "cli/image/provide.hpp"
#include "cli/load_project.hpp"
#include "cli/verbs.hpp"
#include "compose/desired/desired.hpp"
#include "support/text.hpp"

namespace stack::cli {
namespace {

using When = image::PullPolicy::When;

struct Choice {
    std::vector<const compose::Service*> services;
    std::vector<WantedImage> images;
};

void tell_skipped(const Flags& flags, const std::string& service, const char* why) {
    if (!flags.on("quiet")) {
        fmt::print(stderr, " Service {}  Skipped  {}\n", service, why);
    }
}

/// What has an image in a registry. pull_policy 'never' and 'build' say that there is none.
Choice choose(const compose::Project& project, const Flags& flags) {
    const auto policy = pull_policy(flags.value_or("policy", "always"), "--policy");
    if (policy.when != When::always && policy.when != When::missing) {
        throw UsageError{
            fmt::format("invalid value '{}' for --policy: expected missing or always", flags.value_or("policy", ""))};
    }
    Choice choice;
    for (const auto& name : chosen_services(project, flags.words(), flags.on("include-deps"))) {
        const compose::Service& service = project.services.at(name);
        const auto own = pull_policy(service.pull_policy, "pull_policy").when;
        if (service.image.empty()) {
            tell_skipped(flags, name, "no image to be pulled");
        } else if (own == When::never || own == When::build) {
            tell_skipped(flags, name, "its pull_policy says so");
        } else if (service.build && flags.on("ignore-buildable")) {
            tell_skipped(flags, name, "image can be built");
        } else {
            choice.services.push_back(&service);
            choice.images.push_back({service.image, policy, service.platform});
        }
    }
    return choice;
}

}  // namespace

int compose_pull(Context& context, const Flags& flags) {
    const auto loaded = load_project(context, flags.words());
    const Choice choice = choose(loaded.project, flags);
    if (context.dry_run) {
        for (const auto& image : choice.images) {
            fmt::print("would pull {}\n", image.name);
        }
        return 0;
    }
    if (flags.on("no-parallel")) {
        context.parallel = 1;
    }
    const auto provided = provide_images(context, choice.images, flags.on("quiet"));
    ErrorList errors;
    std::vector<std::string> to_build;
    for (size_t i = 0; i < provided.size(); ++i) {
        if (!provided[i].failure) {
            continue;
        }
        if (choice.services[i]->build) {
            to_build.push_back(choice.services[i]->name);
            continue;
        }
        errors.attempt(fmt::format("pull the image of service '{}'", choice.services[i]->name),
                       [&] { std::rethrow_exception(provided[i].failure); });
    }
    if (!to_build.empty()) {
        fmt::print(stderr, "warning: some images have to be built from source: {} build {}\n", context.program,
                   join(to_build, " "));
    }
    if (!flags.on("ignore-pull-failures")) {
        errors.throw_if_any();
    }
    return 0;
}

}  // namespace stack::cli
