#include <cstdio>

#include <fmt/format.h>

#include "cli/image/image_text.hpp"
#include "cli/render_error.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int remove_images(Context& context, const Flags& flags) {
    image::ImageStore store{context.paths};
    image::RemoveOptions options;
    options.force = flags.on("force");
    options.keep_untagged = flags.on("no-prune");
    options.users = containers_using_images(context.paths);
    // As the field does: go on with the others, and fail at the end.
    ErrorList errors;
    for (const std::string& name : flags.words()) {
        errors.attempt(fmt::format("remove image '{}'", name), [&] {
            const image::Removal removal = store.remove(name, options);
            for (const std::string& untagged : removal.untagged) {
                fmt::print("Untagged: {}\n", untagged);
            }
            for (const std::string& deleted : removal.deleted) {
                fmt::print("Deleted: {}\n", deleted);
            }
        });
    }
    errors.throw_if_any();
    return 0;
}

}  // namespace stack::cli
