#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "build/changes.hpp"
#include "build/fetch.hpp"
#include "cli/verbs.hpp"
#include "image/tree_export.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::cli {

int import_image(Context& context, const Flags& flags) {
    const auto platform =
        flags.given("platform") ? image::parse_platform(flags.value_or("platform", "")) : image::host_platform();
    image::ImageConfig config;
    config.os = platform.os;
    config.architecture = platform.architecture;
    config.variant = platform.variant;
    config = build::apply_changes(context.paths, std::move(config), flags.values("change"));
    std::optional<image::Reference> name;
    if (flags.words().size() > 1) {
        name = image::parse_reference(flags.words()[1]).with_default_tag();
    }
    const std::string& source = flags.words()[0];
    image::ImageStore store{context.paths};
    std::optional<TempDir> fetched;
    UniqueFd file;
    if (build::is_web_address(source)) {
        fetched.emplace(context.paths.temporary(), "image-import-");
        build::fetch_file(source, fetched->path() / "file");
        file = kernel::open_at(AT_FDCWD, fetched->path() / "file", O_RDONLY);
    } else if (source != "-") {
        file = kernel::open_at(AT_FDCWD, source, O_RDONLY);
    } else if (::isatty(STDIN_FILENO) == 1) {
        throw UsageError{"standard input is a terminal: name a file, or redirect one"};
    }
    const auto message = flags.value_or("message", "Imported from " + source);
    fmt::print("{}\n", import_tree(store, file ? file.get() : STDIN_FILENO, std::move(config), message, name));
    return 0;
}

}  // namespace stack::cli
