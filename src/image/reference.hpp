#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stack::image {

/// An image's name as the field writes it: "[domain[:port]/]path[:tag][@digest]" (distribution "reference" grammar).
/// Kept in normalised form: "debian" is domain "docker.io", path "library/debian".
struct Reference {
    std::string domain;  ///< "docker.io", "localhost:5000"
    std::string path;    ///< "library/debian"
    std::string tag;     ///< empty if none was written
    std::string digest;  ///< "sha256:…", empty if none was written

    /// "docker.io/library/debian"
    std::string repository() const;
    /// "docker.io/library/debian:bookworm", with "@digest" where there is one.
    std::string canonical() const;
    /// "debian": without the default domain and "library/".
    std::string familiar_repository() const;
    /// "debian:bookworm", as people write it and lists show it.
    std::string familiar() const;
    /// Same name with tag "latest" if neither tag nor digest was written.
    Reference with_default_tag() const;
    /// Same repository, other tag, no digest.
    Reference with_tag(std::string tag) const;

    friend bool operator==(const Reference&, const Reference&) = default;
    friend auto operator<=>(const Reference&, const Reference&) = default;
};

/// Throws Errc::invalid_input with a sentence that says what is wrong with `text`. Adds no default tag.
Reference parse_reference(std::string_view text);
/// nullopt instead of the error.
std::optional<Reference> find_reference(std::string_view text);

/// "sha256:" and 64 lower-case hex digits.
bool is_sha256_digest(std::string_view text) noexcept;
/// The hex digits of a "sha256:…" digest. Throws Errc::invalid_input on anything else: they become file names.
std::string digest_hex(std::string_view digest);

}  // namespace stack::image
