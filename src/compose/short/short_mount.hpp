#pragma once

#include <string>
#include <string_view>

#include "compose/short/short_form.hpp"

namespace stack::compose {

/// The parts of a mount's short form, as they are written: paths are neither resolved nor cleaned.
struct ShortMount {
    bool bind{false};    // a path of the host; else a volume
    std::string source;  // empty: an anonymous volume
    std::string target;
    bool read_only{false};
    bool nocopy{false};
    std::string propagation;
    std::string selinux;  // z, Z
    std::string subpath;
    std::string unknown_options;  // words that mean nothing, joined by ','
};

/// "[SOURCE:]TARGET[:OPTIONS]" (compose-spec 05-services "volumes", short syntax). A source that begins with '.', '/',
/// '~', a backslash or a drive letter is a path of the host; anything else names a volume.
ShortForm<ShortMount> parse_short_mount(std::string_view text);

}  // namespace stack::compose
