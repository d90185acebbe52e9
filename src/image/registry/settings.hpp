#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stack::image::registry {

/// How one registry is reached.
struct RegistrySettings {
    bool insecure{false};  ///< plain HTTP and unverified TLS are allowed
    std::string ca_file, client_certificate, client_key;
    std::vector<std::string> mirrors;  ///< "https://host[:port]", asked first when pulling
};

/// What this machine says of registries, later ones winning over earlier ones (docs/registries.md):
///   /etc/docker/daemon.json          insecure-registries, registry-mirrors (for docker.io)
///   /etc/docker/certs.d/HOST/        ca.crt, client.cert, client.key
///   /etc/stack/registries.json, $STACK_REGISTRIES
///                                    {"registries": {"HOST": {"insecure", "ca", "cert", "key", "mirrors"}}}
/// Registries on the loopback interface may speak plain HTTP, as with Docker.
class Settings {
public:
    static Settings from_environment();
    /// For tests: other places.
    Settings(const std::filesystem::path& docker_folder, const std::vector<std::filesystem::path>& files);

    RegistrySettings of(const std::string& domain) const;

private:
    void read_daemon_json(const std::filesystem::path& file);
    void read_registries_json(const std::filesystem::path& file);

    std::filesystem::path certificates_;
    std::map<std::string, RegistrySettings> by_domain_;
};

/// "localhost", 127.0.0.0/8 and ::1, with any port.
bool is_loopback(std::string_view domain);

}  // namespace stack::image::registry
