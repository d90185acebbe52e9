#include "workshop.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>

#include "image/bootstrap.hpp"
#include "support/files.hpp"
#include "support/kernel/layered_tree.hpp"

namespace stack::testing {

Workshop::Workshop() {
    std::filesystem::create_directories(context);
    image::ImageStore store{paths};
    image::bootstrap_image(store, "busybox");
    request.context = context;
    request.dockerfile_name = "Dockerfile";
}

std::string Workshop::build(std::string_view dockerfile) {
    events.clear();
    request.dockerfile = dockerfile;
    return build::build_image(paths, request, [this](const build::BuildEvent& event) { events.push_back(event); });
}

void Workshop::write(const std::string& name, std::string_view content, unsigned mode) const {
    const auto file = context / name;
    std::filesystem::create_directories(file.parent_path());
    write_file(file, content);
    ::chmod(file.c_str(), mode);
}

bool Workshop::was_cached(std::string_view text) const {
    return std::ranges::any_of(events, [&](const build::BuildEvent& event) {
        return event.kind == build::BuildEvent::Kind::cached && event.name.find(text) != std::string::npos;
    });
}

bool Workshop::was_run(std::string_view text) const {
    return std::ranges::any_of(events, [&](const build::BuildEvent& event) {
        return event.kind == build::BuildEvent::Kind::started && event.name.find(text) != std::string::npos;
    });
}

std::string Workshop::output() const {
    std::string text;
    for (const auto& event : events) {
        text += event.kind == build::BuildEvent::Kind::output ? event.text : "";
    }
    return text;
}

std::string Workshop::file(const std::string& id, const std::string& path) {
    image::ImageStore store{paths};
    const auto fd = kernel::open_layered_file(store.layer_dirs(store.get(id)), path);
    return fd ? read_all(fd->get(), path) : "(none)";
}

std::string Workshop::describe(const std::string& id, const std::string& path) {
    image::ImageStore store{paths};
    const auto top = kernel::LayeredDir::root(store.layer_dirs(store.get(id)));
    const auto found = kernel::resolve_in_layers(top, path, false);
    if (!found.exists) {
        return "(none)";
    }
    const auto& status = found.status;
    const char* kind = S_ISDIR(status.st_mode) ? "folder" : S_ISLNK(status.st_mode) ? "link" : "file";
    return fmt::format("{:04o} {}:{} {}", status.st_mode & 07777, status.st_uid, status.st_gid, kind);
}

}  // namespace stack::testing
