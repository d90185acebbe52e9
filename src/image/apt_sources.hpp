#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace stack::image {

/// One archive of apt, as a stanza of a deb822 file says it (sources.list(5)).
struct AptSource {
    std::string uris;        ///< blank-separated
    std::string suites;      ///< blank-separated
    std::string components;  ///< blank-separated
    std::string signed_by;   ///< path of a keyring, an embedded key's lines, or empty
    std::string trusted;     ///< "yes" where the user wrote so
};

/// The binary archives in one-line style ("deb [opts] uri suite component…"). Lines that are no such entry are skipped,
/// as apt skips comments; deb-src has no binaries and is skipped too.
std::vector<AptSource> parse_one_line_sources(std::string_view text);
/// The enabled binary archives of a deb822 file.
std::vector<AptSource> parse_deb822_sources(std::string_view text);

/// Those of `sources` that are the distribution's own for `suite`: the suites S, S-updates and S-security (S/updates),
/// signed by the distribution's keyring. Others (third parties' repositories) would need keys that a base image lacks.
std::vector<AptSource> sources_of_suite(const std::vector<AptSource>& sources, std::string_view suite);

/// All sources of the apt configuration in `folder` (/etc/apt).
std::vector<AptSource> read_apt_sources(const std::filesystem::path& folder);

std::string write_deb822(const std::vector<AptSource>& sources);

}  // namespace stack::image
