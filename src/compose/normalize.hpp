#pragma once

#include "compose/load_context.hpp"

namespace stack::compose {

/// Writes out what a canonical document implies: the default network, full names ("project_key"), dependencies that
/// follow from links, volumes_from and `service:` namespaces, the default Dockerfile, and build arguments that come
/// from the environment.
void normalize(Node& document, const std::string& project_name, const Environment& environment);

/// Writes `context: .` into every build that names none: the folder that its file's paths are relative to.
void default_build_contexts(Node& document);

/// `external: {name: X}` of version 2 files as `external: true` with `name: X`.
void relocate_external_names(Node& document, Findings& findings);

/// Gives variables without a value the one that the environment has for them, if any.
void take_from_environment(Node* variables, const Environment& environment);

/// Puts env_file and label_file into environment and labels of every service, and takes the values of variables without
/// one from the environment (compose-spec 05-services "environment"). `keep_files` leaves the keys env_file and
/// label_file in the document.
void resolve_service_environment(LoadContext& context, Node& document, const Environment& environment, bool keep_files);

/// "2.x", "3.x" or without services: a file of the first format, whose services stand at the top. Gives true if
/// `document` is one; it then has a `services` key.
bool upgrade_first_format(Node& document, Findings& findings);

}  // namespace stack::compose
