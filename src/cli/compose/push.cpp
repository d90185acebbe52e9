#include <fmt/format.h>

#include "cli/compose/push_services.hpp"
#include "cli/compose/services.hpp"
#include "cli/image/pulls_view.hpp"
#include "cli/load_project.hpp"
#include "cli/verbs.hpp"
#include "image/pull.hpp"

namespace stack::cli {

void push_services(const Context& context, const compose::Project& project, const std::set<std::string>& services,
                   bool quiet, bool ignore_failures) {
    std::vector<std::string> owners;
    std::set<std::string> unique;
    for (const std::string& name : services) {
        const compose::Service& service = project.services.at(name);
        if (!service.build) {
            continue;  // not ours to publish
        }
        if (service.image.empty()) {
            fmt::print(stderr, "warning: service '{}' has no 'image:' that says where to push it to\n", name);
            continue;
        }
        unique.insert(service.image);
        unique.insert(service.build->tags.begin(), service.build->tags.end());
    }
    const std::vector<std::string> names{unique.begin(), unique.end()};
    if (context.dry_run) {
        for (const std::string& name : names) {
            fmt::print("would push {}\n", name);
        }
        return;
    }
    const auto failures = transfer_all(
        context, names, quiet, "Pushing", [&](size_t index, const image::ProgressSink& progress) -> std::string {
            image::ImageStore store{context.paths};  // one per thread
            const auto reference = image::parse_reference(names[index]).with_default_tag();
            return "Pushed  " + image::push_image(store, reference, progress).digest;
        });
    ErrorList errors;
    for (size_t i = 0; i < names.size(); ++i) {
        if (failures[i]) {
            errors.attempt(fmt::format("push '{}'", names[i]), [&] { std::rethrow_exception(failures[i]); });
        }
    }
    if (!ignore_failures) {
        errors.throw_if_any();
    }
}

int compose_push(Context& context, const Flags& flags) {
    const auto loaded = load_project(context, flags.words());
    push_services(context, loaded.project, chosen_services(loaded.project, flags.words(), flags.on("include-deps")),
                  flags.on("quiet"), flags.on("ignore-push-failures"));
    return 0;
}

}  // namespace stack::cli
