#include "image/registry/settings.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::image::registry {
namespace {

using nlohmann::json;

[[noreturn]] void wrong(const std::filesystem::path& file, const std::string& what) {
    throw Error(Errc::invalid_input, fmt::format("{}: {}", file.string(), what));
}

json read_object(const std::filesystem::path& file, const std::string& text) {
    json document = json::parse(text, nullptr, false, true);
    if (!document.is_object()) {
        wrong(file, "not a JSON object");
    }
    return document;
}

std::vector<std::string> strings_at(const json& object, const char* key, const std::filesystem::path& file) {
    std::vector<std::string> list;
    const auto found = object.find(key);
    if (found == object.end()) {
        return list;
    }
    if (!found->is_array()) {
        wrong(file, fmt::format("'{}' must be a list", key));
    }
    for (const json& item : *found) {
        if (!item.is_string()) {
            wrong(file, fmt::format("'{}' must be a list of strings", key));
        }
        list.push_back(item.get<std::string>());
    }
    return list;
}

void check_mirror(const std::filesystem::path& file, const std::string& mirror) {
    if (!mirror.starts_with("http://") && !mirror.starts_with("https://")) {
        wrong(file, fmt::format("mirror '{}' must begin with http:// or https://", mirror));
    }
}

RegistrySettings read_settings(const std::filesystem::path& file, const std::string& domain, const json& object) {
    if (!object.is_object()) {
        wrong(file, fmt::format("'{}' must be an object", domain));
    }
    RegistrySettings settings;
    for (const auto& item : object.items()) {
        const std::string& key = item.key();
        const bool is_text = item.value().is_string();
        if (key == "insecure" && item.value().is_boolean()) {
            settings.insecure = item.value().get<bool>();
        } else if (key == "ca" && is_text) {
            settings.ca_file = item.value().get<std::string>();
        } else if (key == "cert" && is_text) {
            settings.client_certificate = item.value().get<std::string>();
        } else if (key == "key" && is_text) {
            settings.client_key = item.value().get<std::string>();
        } else if (key == "mirrors") {
            settings.mirrors = strings_at(object, "mirrors", file);
            std::for_each(settings.mirrors.begin(), settings.mirrors.end(),
                          [&](const std::string& mirror) { check_mirror(file, mirror); });
        } else {
            wrong(file, fmt::format("'{}' of '{}' is unknown or of a wrong type (insecure, ca, cert, key, mirrors)",
                                    key, domain));
        }
    }
    return settings;
}

}  // namespace

Settings Settings::from_environment() {
    std::vector<std::filesystem::path> files = {"/etc/stack/registries.json"};
    if (const char* file = std::getenv("STACK_REGISTRIES"); file != nullptr && *file != '\0') {
        files.emplace_back(file);
    }
    return Settings{"/etc/docker", files};
}

Settings::Settings(const std::filesystem::path& docker_folder, const std::vector<std::filesystem::path>& files)
    : certificates_{docker_folder / "certs.d"} {
    read_daemon_json(docker_folder / "daemon.json");
    for (const auto& file : files) {
        read_registries_json(file);
    }
}

void Settings::read_daemon_json(const std::filesystem::path& file) {
    const auto text = find_file(file);
    if (!text) {
        return;
    }
    const json document = read_object(file, *text);
    for (const std::string& domain : strings_at(document, "insecure-registries", file)) {
        by_domain_[domain].insecure = true;
    }
    by_domain_["docker.io"].mirrors = strings_at(document, "registry-mirrors", file);
}

void Settings::read_registries_json(const std::filesystem::path& file) {
    const auto text = find_file(file);
    if (!text) {
        return;
    }
    const json document = read_object(file, *text);
    for (const auto& item : document.items()) {
        if (item.key() != "registries") {
            wrong(file, fmt::format("'{}' is unknown (there is 'registries')", item.key()));
        }
    }
    const auto registries = document.find("registries");
    if (registries == document.end() || !registries->is_object()) {
        wrong(file, "'registries' must be an object");
    }
    for (const auto& item : registries->items()) {
        by_domain_[item.key()] = read_settings(file, item.key(), item.value());
    }
}

namespace {

/// daemon.json may name whole networks, "10.0.0.0/8" (dockerd "insecure-registries"); a registry named by its address
/// may lie in one.
bool lies_in(const std::string& domain, const std::string& network) {
    const auto slash = network.find('/');
    const auto bits = slash == std::string::npos ? std::nullopt : parse_uint(network.substr(slash + 1));
    if (!bits) {
        return false;
    }
    const bool bracketed = domain.starts_with('[');
    const auto host = bracketed ? domain.substr(1, domain.find(']') - 1) : domain.substr(0, domain.rfind(':'));
    for (const int family : {AF_INET, AF_INET6}) {
        std::array<unsigned char, 16> address{};
        std::array<unsigned char, 16> base{};
        if (::inet_pton(family, host.c_str(), address.data()) != 1 ||
            ::inet_pton(family, network.substr(0, slash).c_str(), base.data()) != 1) {
            continue;
        }
        const std::uint64_t length = family == AF_INET ? 32 : 128;
        for (std::uint64_t bit = 0; bit < std::min(*bits, length); ++bit) {
            const auto mask = static_cast<unsigned char>(0x80U >> (bit % 8));
            if (((address[bit / 8] ^ base[bit / 8]) & mask) != 0) {
                return false;
            }
        }
        return *bits <= length;
    }
    return false;
}

/// The first file of a certs.d folder with this ending; `usual` wins.
std::string find_certificate(const std::filesystem::path& folder, const char* usual, std::string_view ending) {
    std::error_code absent;
    if (std::filesystem::is_regular_file(folder / usual, absent)) {
        return folder / usual;
    }
    std::string first;
    for (const auto& entry : std::filesystem::directory_iterator{folder, absent}) {
        const std::string file = entry.path();
        if (file.ends_with(ending) && (first.empty() || file < first)) {
            first = file;
        }
    }
    return first;
}

}  // namespace

RegistrySettings Settings::of(const std::string& domain) const {
    const auto found = by_domain_.find(domain);
    RegistrySettings settings = found == by_domain_.end() ? RegistrySettings{} : found->second;
    settings.insecure =
        settings.insecure || is_loopback(domain) || std::ranges::any_of(by_domain_, [&](const auto& one) {
            return one.second.insecure && lies_in(domain, one.first);
        });
    const auto folder = certificates_ / domain;
    if (settings.ca_file.empty()) {
        settings.ca_file = find_certificate(folder, "ca.crt", ".crt");
    }
    if (settings.client_certificate.empty()) {
        // Docker's rule: NAME.cert belongs to NAME.key.
        settings.client_certificate = find_certificate(folder, "client.cert", ".cert");
        const auto key = std::filesystem::path{settings.client_certificate}.replace_extension(".key");
        std::error_code absent;
        if (!settings.client_certificate.empty() && settings.client_key.empty()) {
            if (!std::filesystem::is_regular_file(key, absent)) {
                wrong(settings.client_certificate, fmt::format("its key '{}' is missing", key.string()));
            }
            settings.client_key = key;
        }
    }
    return settings;
}

bool is_loopback(std::string_view domain) {
    if (domain.starts_with("[::1]")) {
        return true;
    }
    const auto host = domain.substr(0, domain.find(':'));
    return host == "localhost" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace stack::image::registry
