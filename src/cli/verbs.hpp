#pragma once

#include "cli/command.hpp"

namespace stack::cli {

// One function per command, each in a file of its own. commands.cpp gives them their names.

int show_config(Context& context, const Flags& flags);
int show_graph(Context& context, const Flags& flags);
int bootstrap_images(Context& context, const Flags& flags);
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
int show_image_history(Context& context, const Flags& flags);
int tag_image(Context& context, const Flags& flags);

int print_version(Context& context, const Flags& flags);
int print_version_line(const Context& context);  ///< what --version shows

// Images
int compose_build(Context& context, const Flags& flags);
int image_build(Context& context, const Flags& flags);

}  // namespace stack::cli
