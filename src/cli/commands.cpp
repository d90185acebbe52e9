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
    {"image history",        engine,             show_image_history, "image/history", "Show the steps an image was made by"},
    {"image inspect",        engine,             inspect_images,  "image/inspect",   "Show everything that is known of images"},
    {"image load",           engine,             load_images,     "image/load",      "Load images from a tar"},
    {"image ls|list",        engine,             list_images,     "image/ls",        "List images"},
    {"image prune",          engine,             prune_images,    "image/prune",     "Remove unused images"},
    {"image pull",           engine,             pull_image,      "image/pull",      "Get an image from its registry"},
    {"image push",           engine,             push_image,      "image/push",      "Put an image into its registry"},
    {"image rm|remove",      engine,             remove_images,   "image/rm",        "Remove images"},
    {"image save",           engine,             save_images,     "image/save",      "Write images to a tar"},
    {"image tag",            engine,             tag_image,       "image/tag",       "Give an image one more name"},
    {"history",              docker,             show_image_history, "image/history", "Show the steps an image was made by"},
    {"images",               docker,             list_images,     "image/ls",        "List images"},
    {"load",                 docker,             load_images,     "image/load",      "Load images from a tar"},
    {"login",                docker | own,       login,           "image/login",     "Keep the password for a registry"},
    {"logout",               docker | own,       logout,          "image/logout",    "Forget the password for a registry"},
    {"pull",                 docker,             pull_image,      "image/pull",      "Get an image from its registry"},
    {"push",                 docker,             push_image,      "image/push",      "Put an image into its registry"},
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
