#include "cli/command.hpp"
#include "cli/verbs.hpp"

namespace stack::cli {

namespace {

// clang-format off
constexpr Command all_commands[] = {
    // path                  doors               function         help text          one line
    {"build",                compose,            compose_build,   "compose/build",   "Build the images of services"},
    {"config|convert",       compose,            show_config,     "compose/config",  "Check the project and show it in canonical form"},
    {"graph",                own,                show_graph,      "compose/graph",   "Show which services need which"},
    {"image bootstrap",      engine,             bootstrap_images, "image/bootstrap", "Make a base image from this machine's own means"},
    {"image load",           engine,             load_images,     "image/load",      "Load images from a tar"},
    {"image prune",          engine,             prune_images,    "image/prune",     "Remove unused images"},
    {"image rm|remove",      engine,             remove_images,   "image/rm",        "Remove images"},
    {"image save",           engine,             save_images,     "image/save",      "Write images to a tar"},
    {"image tag",            engine,             tag_image,       "image/tag",       "Give an image one more name"},
    {"load",                 docker,             load_images,     "image/load",      "Load images from a tar"},
    {"rmi",                  docker | own,       remove_images,   "image/rm",        "Remove images"},
    {"save",                 docker,             save_images,     "image/save",      "Write images to a tar"},
    {"tag",                  docker,             tag_image,       "image/tag",       "Give an image one more name"},
    {"image build",          engine,             image_build,     "image/build",     "Build an image from a Dockerfile"},
    {"build",                docker,             image_build,     "image/build",     "Build an image from a Dockerfile"},
    {"version",              compose | docker,   print_version,   "system/version",  "Show the version"},
};
// clang-format on

}  // namespace

std::span<const Command> commands() {
    return all_commands;
}

}  // namespace stack::cli
