#include "image/bootstrap.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "cli/image/image_text.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int bootstrap_images(Context& context, const Flags& flags) {
    image::ImageStore store{context.paths};
    const bool quiet = flags.on("quiet");
    for (const std::string& name : flags.words()) {
        if (const auto found = store.find(name); found && !flags.on("force")) {
            if (!quiet) {
                fmt::print(stderr, "{} is there already\n", found->display_name());
            }
            fmt::print("{}\n", found->id);
            continue;
        }
        const auto id = while_doing(fmt::format("make image '{}'", name), [&] {
            return image::bootstrap_image(store, name, quiet ? image::ProgressSink{} : print_progress(context.verbose));
        });
        fmt::print("{}\n", id);
    }
    return 0;
}

}  // namespace stack::cli
