#include <cstdio>

#include <fmt/format.h>

#include "cli/image/transfer_view.hpp"
#include "cli/verbs.hpp"
#include "image/pull.hpp"

namespace stack::cli {
namespace {

std::vector<image::Reference> wanted_names(const image::ImageStore& store, const Flags& flags) {
    const auto reference = image::parse_reference(flags.words()[0]);
    if (!flags.on("all-tags")) {
        return {reference.with_default_tag()};
    }
    if (!reference.tag.empty()) {
        throw UsageError{"a tag cannot be used with --all-tags"};
    }
    std::vector<image::Reference> names;
    for (const auto& image : store.list()) {
        for (const image::Reference& name : image.references) {
            if (name.repository() == reference.repository()) {
                names.push_back(name);
            }
        }
    }
    if (names.empty()) {
        throw Error{Errc::not_found, fmt::format("there is no image of repository '{}' here", reference.familiar())};
    }
    return names;
}

}  // namespace

int push_image(Context& context, const Flags& flags) {
    image::ImageStore store{context.paths};
    for (const image::Reference& name : wanted_names(store, flags)) {
        if (flags.on("quiet")) {
            image::push_image(store, name);
            fmt::print("{}\n", name.canonical());
            continue;
        }
        fmt::print("The push refers to repository [{}]\n", name.repository());
        std::fflush(stdout);
        TransferView view{context, stdout};
        const auto result = image::push_image(store, name, [&](const auto& event) { view.show(event); });
        view.finish();
        fmt::print("{}: digest: {} size: {}\n", name.tag, result.digest, result.size);
    }
    return 0;
}

}  // namespace stack::cli
