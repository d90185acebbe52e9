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
    {"ls",                   compose,            compose_ls,      "compose/ls",      "List projects"},
    {"pull",                 compose,            compose_pull,    "compose/pull",    "Get the images of services"},
    {"push",                 compose,            compose_push,    "compose/push",    "Put the images of services into their registries"},
    {"container inspect",    engine,             container_inspect, "container/inspect", "Show everything about containers"},
    {"inspect",              docker | own,       container_inspect, "container/inspect", "Show everything about containers"},
    {"container logs",       engine,             container_logs,    "container/logs",    "Show the output of a container"},
    {"logs",                 docker,             container_logs,    "container/logs",    "Show the output of a container"},
    {"container ls|list|ps", engine,             container_ps,      "container/ps",      "List containers"},
    {"ps",                   docker,             container_ps,      "container/ps",      "List containers"},
    {"container port",       engine,             container_port,    "container/port",    "Show published ports"},
    {"port",                 docker,             container_port,    "container/port",    "Show published ports"},
#ifdef STACK_WITH_SUPERVISOR
    {"create",               compose,            compose_create,  "compose/create",  "Create containers without starting them"},
    {"down",                 compose,            compose_down,    "compose/down",    "Stop and remove containers and networks"},
    {"exec",                 compose,            compose_exec,    "compose/exec",    "Run a program in a running container"},
    {"images",               compose,            compose_images,  "compose/list_images", "List the images of the containers"},
    {"kill",                 compose,            compose_kill,    "compose/kill",    "Send a signal to containers"},
    {"logs",                 compose,            compose_logs,    "compose/logs",    "Show the output of containers"},
    {"pause",                compose,            compose_pause,   "compose/pause",   "Freeze containers"},
    {"plan",                 own,                compose_plan,    "compose/plan",    "Show what up would do and why"},
    {"port",                 compose,            compose_port,    "compose/port",    "Show the address that leads to a port"},
    {"ps",                   compose,            compose_ps,      "compose/ps",      "List containers"},
    {"restart",              compose,            compose_restart, "compose/restart", "Stop and start containers"},
    {"rm",                   compose,            compose_rm,      "compose/rm",      "Remove stopped containers"},
    {"start",                compose,            compose_start,   "compose/start",   "Start containers"},
    {"stop",                 compose,            compose_stop,    "compose/stop",    "Stop containers"},
    {"unpause",              compose,            compose_unpause, "compose/unpause", "Let paused containers go on"},
    {"up",                   compose,            compose_up,      "compose/up",      "Create and start containers"},
    {"wait",                 compose,            compose_wait,    "compose/wait",    "Wait until containers end"},
    {"container attach",     engine,             container_attach,  "container/attach",  "Hold on to a running container"},
    {"attach",               docker,             container_attach,  "container/attach",  "Hold on to a running container"},
    {"container create",     engine,             container_create,  "container/create",  "Make a container without starting it"},
    {"create",               docker,             container_create,  "container/create",  "Make a container without starting it"},
    {"container exec",       engine,             container_exec,    "container/exec",    "Run a program in a running container"},
    {"exec",                 docker,             container_exec,    "container/exec",    "Run a program in a running container"},
    {"container kill",       engine,             container_kill,    "container/kill",    "Send a signal to containers"},
    {"kill",                 docker,             container_kill,    "container/kill",    "Send a signal to containers"},
    {"container pause",      engine,             container_pause,   "container/pause",   "Freeze containers"},
    {"pause",                docker,             container_pause,   "container/pause",   "Freeze containers"},
    {"container rename",     engine,             container_rename,  "container/rename",  "Give a container another name"},
    {"rename",               docker,             container_rename,  "container/rename",  "Give a container another name"},
    {"container restart",    engine,             container_restart, "container/restart", "Stop and start containers"},
    {"restart",              docker,             container_restart, "container/restart", "Stop and start containers"},
    {"container rm|remove",  engine,             container_rm,      "container/rm",      "Remove containers"},
    {"rm",                   docker,             container_rm,      "container/rm",      "Remove containers"},
    {"container run",        engine,             container_run,     "container/run",     "Run a command in a new container"},
    {"run",                  docker,             container_run,     "container/run",     "Run a command in a new container"},
    {"container start",      engine,             container_start,   "container/start",   "Start containers"},
    {"start",                docker,             container_start,   "container/start",   "Start containers"},
    {"container stop",       engine,             container_stop,    "container/stop",    "Stop containers"},
    {"stop",                 docker,             container_stop,    "container/stop",    "Stop containers"},
    {"container unpause",    engine,             container_unpause, "container/unpause", "Let paused containers go on"},
    {"unpause",              docker,             container_unpause, "container/unpause", "Let paused containers go on"},
    {"container wait",       engine,             container_wait,    "container/wait",    "Wait until containers end"},
    {"wait",                 docker,             container_wait,    "container/wait",    "Wait until containers end"},
#endif
    {"version",              compose | docker,   print_version,   "system/version",  "Show the version"},
};
// clang-format on

}  // namespace

std::span<const Command> commands() {
    return all_commands;
}

}  // namespace stack::cli
