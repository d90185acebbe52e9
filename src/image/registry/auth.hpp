#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace stack::image::registry {

struct Credentials {
    std::string user, password;
    std::string identity_token;  ///< an OAuth2 refresh token; then user and password do not count
};

/// Where a password went.
enum class Kept { by_a_helper, in_the_file };

/// Docker's config.json: `auths`, `credHelpers` and `credsStore` (docker-credential-NAME programs).
class CredentialStore {
public:
    /// $DOCKER_CONFIG/config.json, else ~/.docker/config.json.
    static CredentialStore from_environment();
    explicit CredentialStore(std::filesystem::path file) : file_{std::move(file)} {}

    /// For a registry's domain ("docker.io", "localhost:5000").
    std::optional<Credentials> find(const std::string& domain) const;
    /// Into the credential helper if one is configured, else into the file (mode 0600).
    Kept save(const std::string& domain, const Credentials& credentials) const;
    /// False if there was nothing.
    bool remove(const std::string& domain) const;

    const std::filesystem::path& file() const noexcept { return file_; }

private:
    std::filesystem::path file_;
};

/// One challenge of a WWW-Authenticate header (RFC 7235): scheme in lower case, parameters by lower-case name.
struct Challenge {
    std::string scheme;
    std::map<std::string, std::string> parameters;
};
/// nullopt if it is none that we know (bearer, basic).
std::optional<Challenge> parse_challenge(std::string_view header);

std::string base64_encode(std::string_view bytes);
/// nullopt if it is not base64.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace stack::image::registry
