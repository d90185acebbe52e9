#include "cli/image/pull.hpp"

#include <fmt/format.h>

#include "cli/image/transfer_view.hpp"
#include "cli/verbs.hpp"
#include "image/repository_tags.hpp"

namespace stack::cli {

image::PullResult pull_and_show(const Context& context, image::ImageStore& store, const image::Reference& name,
                                const std::string& platform, bool quiet, std::FILE* out) {
    const auto reference = name.with_default_tag();
    image::PullOptions options;
    if (!platform.empty()) {
        options.platform = image::parse_platform(platform);
    }
    if (quiet) {
        return image::pull_image(store, reference, options);
    }
    fmt::print(out, "{}: Pulling from {}\n", reference.tag.empty() ? reference.digest : reference.tag, reference.path);
    std::fflush(out);
    TransferView view{context, out};
    auto result = image::pull_image(store, reference, options, [&](const auto& event) { view.show(event); });
    view.finish();
    fmt::print(out, "Digest: {}\nStatus: {} {}\n", result.digest,
               result.changed ? "Downloaded newer image for" : "Image is up to date for", reference.familiar());
    return result;
}

namespace {

int pull_all_tags(const Context& context, const Flags& flags, const image::Reference& repository) {
    if (!repository.tag.empty() || !repository.digest.empty()) {
        throw UsageError{"a tag or digest cannot be used with --all-tags"};
    }
    image::ImageStore store{context.paths};
    for (const auto& name : image::repository_tags(repository)) {
        pull_and_show(context, store, name, flags.value_or("platform", ""), flags.on("quiet"), stdout);
    }
    fmt::print("{}\n", repository.repository());
    return 0;
}

}  // namespace

int pull_image(Context& context, const Flags& flags) {
    const auto written = image::parse_reference(flags.words()[0]);
    if (flags.on("all-tags")) {
        return pull_all_tags(context, flags, written);
    }
    const auto reference = written.with_default_tag();
    image::ImageStore store{context.paths};
    pull_and_show(context, store, reference, flags.value_or("platform", ""), flags.on("quiet"), stdout);
    fmt::print("{}\n", reference.canonical());
    return 0;
}

}  // namespace stack::cli
