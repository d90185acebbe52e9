#pragma once

#include "cli/command.hpp"

namespace stack::cli {

// One function per command, each in a file of its own. commands.cpp gives them their names.

int show_config(Context& context, const Flags& flags);
int show_graph(Context& context, const Flags& flags);
int bootstrap_images(Context& context, const Flags& flags);
int import_image(Context& context, const Flags& flags);
int inspect_images(Context& context, const Flags& flags);
int list_images(Context& context, const Flags& flags);
int load_images(Context& context, const Flags& flags);
int login(Context& context, const Flags& flags);
int logout(Context& context, const Flags& flags);
int pull_image(Context& context, const Flags& flags);
int push_image(Context& context, const Flags& flags);
int prune_images(Context& context, const Flags& flags);
int remove_images(Context& context, const Flags& flags);
int save_images(Context& context, const Flags& flags);
int search_images(Context& context, const Flags& flags);
int show_image_history(Context& context, const Flags& flags);
int tag_image(Context& context, const Flags& flags);

int inspect_anything(Context& context, const Flags& flags);
int print_version(Context& context, const Flags& flags);
int print_version_line(const Context& context);  ///< what --version shows

// Images
int compose_build(Context& context, const Flags& flags);
int image_build(Context& context, const Flags& flags);
// Projects
int compose_create(Context& context, const Flags& flags);
int compose_down(Context& context, const Flags& flags);
int compose_exec(Context& context, const Flags& flags);
int compose_images(Context& context, const Flags& flags);
int compose_kill(Context& context, const Flags& flags);
int compose_logs(Context& context, const Flags& flags);
int compose_ls(Context& context, const Flags& flags);
int compose_pause(Context& context, const Flags& flags);
int compose_plan(Context& context, const Flags& flags);
int compose_port(Context& context, const Flags& flags);
int compose_pull(Context& context, const Flags& flags);
int compose_push(Context& context, const Flags& flags);
int compose_ps(Context& context, const Flags& flags);
int compose_restart(Context& context, const Flags& flags);
int compose_rm(Context& context, const Flags& flags);
int compose_start(Context& context, const Flags& flags);
int compose_stop(Context& context, const Flags& flags);
int compose_unpause(Context& context, const Flags& flags);
int compose_up(Context& context, const Flags& flags);
int compose_wait(Context& context, const Flags& flags);

int compose_attach(Context& context, const Flags& flags);
int compose_cp(Context& context, const Flags& flags);
int compose_events(Context& context, const Flags& flags);
int compose_run(Context& context, const Flags& flags);
int compose_scale(Context& context, const Flags& flags);
int compose_stats(Context& context, const Flags& flags);
int compose_top(Context& context, const Flags& flags);

// Networks
int connect_network(Context& context, const Flags& flags);
int create_network(Context& context, const Flags& flags);
int disconnect_network(Context& context, const Flags& flags);
int inspect_networks(Context& context, const Flags& flags);
int list_networks(Context& context, const Flags& flags);
int prune_networks(Context& context, const Flags& flags);
int remove_networks(Context& context, const Flags& flags);

// Volumes
int backup_volume(Context& context, const Flags& flags);
int clone_volume(Context& context, const Flags& flags);
int create_volume(Context& context, const Flags& flags);
int inspect_volumes(Context& context, const Flags& flags);
int list_volumes(Context& context, const Flags& flags);
int prune_volumes(Context& context, const Flags& flags);
int remove_volumes(Context& context, const Flags& flags);
int restore_volume(Context& context, const Flags& flags);
int roll_back_volume(Context& context, const Flags& flags);
int snapshot_volume(Context& context, const Flags& flags);

// Single containers
int container_attach(Context& context, const Flags& flags);
int system_info(Context& context, const Flags& flags);
int system_install_boot(Context& context, const Flags& flags);
int show_disk_usage(Context& context, const Flags& flags);
int system_prune(Context& context, const Flags& flags);
int system_restore(Context& context, const Flags& flags);
int container_commit(Context& context, const Flags& flags);
int container_cp(Context& context, const Flags& flags);
int container_diff(Context& context, const Flags& flags);
int container_events(Context& context, const Flags& flags);
int container_export(Context& context, const Flags& flags);
int container_prune(Context& context, const Flags& flags);
int container_stats(Context& context, const Flags& flags);
int container_top(Context& context, const Flags& flags);
int container_update(Context& context, const Flags& flags);
int container_create(Context& context, const Flags& flags);
int container_exec(Context& context, const Flags& flags);
int container_kill(Context& context, const Flags& flags);
int container_logs(Context& context, const Flags& flags);
int container_pause(Context& context, const Flags& flags);
int container_ps(Context& context, const Flags& flags);
int container_restart(Context& context, const Flags& flags);
int container_rm(Context& context, const Flags& flags);
int container_inspect(Context& context, const Flags& flags);
int container_port(Context& context, const Flags& flags);
int container_rename(Context& context, const Flags& flags);
int container_run(Context& context, const Flags& flags);
int container_start(Context& context, const Flags& flags);
int container_stop(Context& context, const Flags& flags);
int container_unpause(Context& context, const Flags& flags);
int container_wait(Context& context, const Flags& flags);

}  // namespace stack::cli
