#include "image/pull.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "cli/image/transfer_view.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

int pull_image(Context& context, const Flags& flags) {
    const auto reference = image::parse_reference(flags.words()[0]).with_default_tag();
    image::PullOptions options;
    if (const auto platform = flags.value("platform")) {
        options.platform = image::parse_platform(*platform);
    }
    image::ImageStore store{context.paths};
    const bool quiet = flags.on("quiet");
    image::PullResult result;
    if (quiet) {
        result = image::pull_image(store, reference, options);
    } else {
        fmt::print("{}: Pulling from {}\n", reference.tag.empty() ? reference.digest : reference.tag, reference.path);
        std::fflush(stdout);
        TransferView view{context};
        result = image::pull_image(store, reference, options, [&](const auto& event) { view.show(event); });
        view.finish();
        fmt::print("Digest: {}\nStatus: {} {}\n", result.digest,
                   result.changed ? "Downloaded newer image for" : "Image is up to date for", reference.familiar());
    }
    fmt::print("{}\n", reference.canonical());
    return 0;
}

}  // namespace stack::cli
