#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/image/image_text.hpp"
#include "cli/verbs.hpp"
#include "image/archive.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::cli {

int load_images(Context& context, const Flags& flags) {
    if (const auto platform = flags.value("platform");
        platform && image::parse_platform(*platform) != image::host_platform()) {
        throw Error{Errc::unsupported, fmt::format("cannot load images for platform '{}' on this machine", *platform)};
    }
    UniqueFd file;
    if (const auto input = flags.value("input")) {
        file = kernel::open_at(AT_FDCWD, *input, O_RDONLY);
    } else if (::isatty(STDIN_FILENO) == 1) {
        throw UsageError{"standard input is a terminal: name a file with --input, or redirect one"};
    }
    image::ImageStore store{context.paths};
    for (const auto& loaded : image::load_archive(store, file ? file.get() : STDIN_FILENO)) {
        for (const image::Reference& name : loaded.references) {
            fmt::print("Loaded image: {}\n", name.familiar());
        }
        if (loaded.references.empty()) {
            fmt::print("Loaded image ID: {}\n", loaded.id);
        }
    }
    return 0;
}

}  // namespace stack::cli
