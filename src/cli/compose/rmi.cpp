#include "cli/compose/rmi.hpp"

#include <cstdio>
#include <set>

#include <fmt/format.h>

#include "cli/state_view.hpp"
#include "image/store.hpp"

namespace stack::cli {

std::vector<std::string> images_of(const Context& context, const desired::DesiredState& state, bool all) {
    std::set<std::string> names;
    const auto add = [&](const std::string& image, const std::string& service) {
        if (all || image == fmt::format("{}-{}", state.project, service)) {
            names.insert(image);
        }
    };
    for (const engine::ContainerRow& row : StateView{context.paths}.of_project(state.project)) {
        add(row.image, row.service);
    }
    for (const desired::ServiceSpec& service : state.services) {
        add(service.container.image, service.name);
    }
    return {names.begin(), names.end()};
}

void remove_project_images(const Context& context, const std::vector<std::string>& names) {
    if (names.empty()) {
        return;
    }
    const StateView containers{context.paths};
    image::ImageStore store{context.paths};
    image::RemoveOptions options;
    options.users = [&](const std::string& image_id) {
        std::vector<image::ImageUser> users;
        for (const engine::ContainerRow& row : containers.list()) {
            if (row.image_id == image_id) {
                users.push_back({row.name, row.is_up()});
            }
        }
        return users;
    };
    for (const std::string& name : names) {
        try {
            if (store.find(name)) {
                store.remove(name, options);
                fmt::print(stderr, " Image {}  Removed\n", name);
            }
        } catch (const Error& error) {
            fmt::print(stderr, "warning: image '{}' stays: {}\n", name, error.what());
        }
    }
}

}  // namespace stack::cli
