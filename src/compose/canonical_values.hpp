#pragma once

#include "compose/finding.hpp"
#include "compose/node.hpp"

/// The kinds of values that places in a Compose file hold, each as the function that makes a value canonical. All give
/// false if the value says nothing, so that its key can go. A value that does not fit becomes a finding, unless the
/// schema has already told about it.
namespace stack::compose::canonical {

bool text(Node& node, const Path& path, Findings& findings);
bool flag(Node& node, const Path& path, Findings& findings);
bool flag_kept(Node& node, const Path& path, Findings& findings);
bool count(Node& node, const Path& path, Findings& findings);
bool count_kept(Node& node, const Path& path, Findings& findings);
bool number(Node& node, const Path& path, Findings& findings);
bool bytes(Node& node, const Path& path, Findings& findings);
bool duration(Node& node, const Path& path, Findings& findings);
/// A number of microseconds, or a duration.
bool microseconds(Node& node, const Path& path, Findings& findings);
/// Permission bits, octal as text and with a leading 0.
bool mode(Node& node, const Path& path, Findings& findings);

bool list(Node& node, const Path& path, Findings& findings);
bool list_of_one(Node& node, const Path& path, Findings& findings);
bool strings(Node& node, const Path& path, Findings& findings);
bool command(Node& node, const Path& path, Findings& findings);
bool health_test(Node& node, const Path& path, Findings& findings);

bool map(Node& node, const Path& path, Findings& findings);
bool structure(Node& node, const Path& path, Findings& findings);
bool structure_or_nothing(Node& node, const Path& path, Findings& findings);
/// A list of names or a mapping name -> structure or nothing.
bool named_structures(Node& node, const Path& path, Findings& findings);
/// Labels and the like: a value that is missing is an empty text.
bool string_map(Node& node, const Path& path, Findings& findings);
/// Environment and build arguments: a value that is missing is taken from the shell.
bool optional_string_map(Node& node, const Path& path, Findings& findings);

bool build(Node& node, const Path& path, Findings& findings);
bool dependencies(Node& node, const Path& path, Findings& findings);
bool device(Node& node, const Path& path, Findings& findings);
bool device_count(Node& node, const Path& path, Findings& findings);
bool device_request(Node& node, const Path& path, Findings& findings);
bool env_file(Node& node, const Path& path, Findings& findings);
bool external(Node& node, const Path& path, Findings& findings);
bool file_reference(Node& node, const Path& path, Findings& findings);
bool gpus(Node& node, const Path& path, Findings& findings);
/// A watch hook without a command stands for none.
bool hook_or_nothing(Node& node, const Path& path, Findings& findings);
bool hosts(Node& node, const Path& path, Findings& findings);
bool ports(Node& node, const Path& path, Findings& findings);
bool pull_policy(Node& node, const Path& path, Findings& findings);
bool secret_reference(Node& node, const Path& path, Findings& findings);
bool ssh_keys(Node& node, const Path& path, Findings& findings);
bool ulimit(Node& node, const Path& path, Findings& findings);
bool volume(Node& node, const Path& path, Findings& findings);

}  // namespace stack::compose::canonical
