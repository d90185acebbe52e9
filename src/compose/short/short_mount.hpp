#pragma once

#include <cstdint>
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

/// Whether "C:" at the begin of a part is a drive of Windows. To docker compose it is, everywhere, so that a volume
/// with a name of one letter cannot be written in the short form; to `docker run` on Linux it is not.
enum class Drives : std::uint8_t { windows, none };

/// "[SOURCE:]TARGET[:OPTIONS]" (compose-spec 05-services "volumes", short syntax). A source that begins with '.', '/',
/// '~', a backslash or a drive letter is a path of the host; anything else names a volume.
ShortForm<ShortMount> parse_short_mount(std::string_view text, Drives drives = Drives::windows);

}  // namespace stack::compose
