#include "cli/container/create.hpp"

#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"
#include "cli/exit_codes.hpp"
#include "cli/image/pull.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
#include "image/store.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::cli {

namespace {

/// The image's id; pulled first where --pull and what is here ask for it. What goes on is told on standard error:
/// standard output belongs to the container.
std::string find_image(const Context& context, const Flags& flags, const std::string& name) {
    const std::string pull = flags.value_or("pull", "missing");
    if (pull != "missing" && pull != "never" && pull != "always") {
        throw UsageError{fmt::format("invalid value '{}' for --pull: expected always, missing or never", pull)};
    }
    const std::string platform = flags.value_or("platform", "");
    const bool quiet = flags.on("quiet");
    image::ImageStore store{context.paths};
    const std::optional<image::Image> found = store.find(name);
    const bool usable = found && (platform.empty() || image::is_for(*found, image::parse_platform(platform)));
    if (pull == "never" || (pull == "missing" && usable)) {
        if (found && !usable) {
            throw Error{Errc::not_found, fmt::format("image '{}' is not here for platform {}", name, platform)};
        }
        return store.get(name).id;
    }
    if (!found && !quiet) {
        fmt::print(stderr, "Unable to find image '{}' locally\n", name);
    }
    return pull_and_show(context, store, image::parse_reference(name), platform, quiet, stderr).id;
}

UniqueFd open_cidfile(const Flags& flags) {
    const std::optional<std::string> file = flags.value("cidfile");
    if (!file) {
        return UniqueFd{};
    }
    if (std::filesystem::exists(*file)) {
        throw Error{Errc::conflict,
                    fmt::format("container ID file found, make sure the other container isn't running or "
                                "delete {}",
                                *file)};
    }
    return kernel::open_at(AT_FDCWD, *file, O_WRONLY | O_CREAT | O_EXCL, 0644);
}

}  // namespace

std::string create_from_flags(const Context& context, const Flags& flags, desired::ContainerSpec& spec,
                              engine::SupervisorClient& client) {
    const UniqueFd cidfile = open_cidfile(flags);
    spec.image_id = find_image(context, flags, spec.image);
    const engine::CreateRequest request{
        .spec = spec, .name = flags.value_or("name", ""), .service = {}, .one_off = false};
    const desired::DesiredState no_project;
    std::string id = client.create(request, no_project, [](const engine::Event& event) {
        if (event.progress == engine::Progress::warning) {
            fmt::print(stderr, "warning: {}\n", event.detail);
        }
    });
    if (cidfile) {
        write_all(cidfile.get(), id, flags.value_or("cidfile", ""));
    }
    return id;
}

int container_create(Context& context, const Flags& flags) {
    desired::ContainerSpec spec = spec_from_flags(flags);
    spec.stdin_once = spec.stdin_open;  // whoever starts and attaches it is the only one who writes to it
    engine::SupervisorClient client{context.paths, ""};
    fmt::print("{}\n", create_from_flags(context, flags, spec, client));
    return 0;
}

}  // namespace stack::cli
