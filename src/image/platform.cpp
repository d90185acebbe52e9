#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sys/utsname.h>

#include "image/config.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

struct Architecture {
    std::string_view spelling;  ///< as uname(2) or people write it
    std::string_view name, variant;
};

// GOARCH names with containerd's normalisation (platforms/database.go), which images carry.
constexpr std::array architectures = {
    Architecture{"x86_64", "amd64", ""},
    Architecture{"x86-64", "amd64", ""},
    Architecture{"amd64", "amd64", ""},
    Architecture{"aarch64", "arm64", "v8"},
    Architecture{"arm64", "arm64", "v8"},
    Architecture{"armhf", "arm", "v7"},
    Architecture{"armv7l", "arm", "v7"},
    Architecture{"armel", "arm", "v6"},
    Architecture{"armv6l", "arm", "v6"},
    Architecture{"arm", "arm", "v7"},
    Architecture{"i386", "386", ""},
    Architecture{"i686", "386", ""},
    Architecture{"386", "386", ""},
    Architecture{"ppc64le", "ppc64le", ""},
    Architecture{"s390x", "s390x", ""},
    Architecture{"riscv64", "riscv64", ""},
    Architecture{"loongarch64", "loong64", ""},
    Architecture{"loong64", "loong64", ""},
    Architecture{"mips64", "mips64le", ""},
    Architecture{"mips64le", "mips64le", ""},
};

const Architecture* find_architecture(std::string_view word) {
    const auto found = std::find_if(architectures.begin(), architectures.end(),
                                    [&](const Architecture& known) { return known.spelling == word; });
    return found == architectures.end() ? nullptr : &*found;
}

}  // namespace

Platform host_platform() {
    utsname name{};
    check(::uname(&name), [] { return "uname"; });
    const Architecture* known = find_architecture(name.machine);
    if (known == nullptr) {
        return {"linux", name.machine, ""};
    }
    return {"linux", std::string{known->name}, std::string{known->variant}};
}

Platform parse_platform(std::string_view text) {
    const std::string lower = to_lower(text);
    const auto parts = split(lower, '/');
    const bool has_empty = std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); });
    if (has_empty || parts.size() > 3) {
        throw Error(Errc::invalid_input, fmt::format("invalid platform '{}'", text)).hint("write it as linux/amd64");
    }
    Platform platform = host_platform();
    size_t next = 0;
    if (parts[0] == "linux" || parts[0] == "windows" || parts[0] == "darwin" || parts[0] == "freebsd") {
        platform.os = parts[next++];
    } else if (find_architecture(parts[0]) == nullptr) {
        throw Error(Errc::invalid_input, fmt::format("unknown platform '{}'", text)).hint("write it as linux/amd64");
    }
    if (next < parts.size()) {
        const Architecture* known = find_architecture(parts[next]);
        platform.architecture = known ? known->name : parts[next];
        platform.variant = known ? known->variant : "";
        ++next;
    }
    if (next < parts.size()) {
        platform.variant = parts[next++];
    }
    return platform;
}

std::string to_string(const Platform& platform) {
    return platform.os + '/' + platform.architecture + (platform.variant.empty() ? "" : '/' + platform.variant);
}

}  // namespace stack::image
