#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// "SOURCE:TARGET:OPTIONS" of a service's volumes in long form (compose-spec 05-services "volumes", short syntax).
/// Null if it is none: the checks have told why. A letter before a colon belongs to a Windows path ("C:\data:/data").
Node long_volume(const Node& text);
/// Its target alone; the whole text if it has none. Never fails: for comparing entries.
std::string short_volume_target(std::string_view text);

/// "IP:PUBLISHED:TARGET/PROTOCOL" in long form, one entry for each container port of a range; none if it is no port.
std::vector<Node> long_ports(const Node& text);

/// "SOURCE:TARGET:PERMISSIONS" of a device, or a CDI name.
Node long_device(const Node& text);

/// A command line as words (compose-spec "command": split like a shell does, nothing is expanded). A quote that is not
/// closed is a finding.
Node split_command(const Node& text, const Path& path, Findings& findings);

/// "service 'web'", or "network 'front'", from the first steps of a path; for messages.
std::string owner_of(const Path& path);

}  // namespace stack::compose
