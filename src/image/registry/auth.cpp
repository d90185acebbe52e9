#include "image/registry/auth.hpp"

#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/process.hpp"
#include "support/text.hpp"

namespace stack::image::registry {
namespace {

using nlohmann::json;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Docker Hub has its own key in the file.
std::string key_of(const std::string& domain) {
    return domain == "docker.io" ? "https://index.docker.io/v1/" : domain;
}

json read_config(const std::filesystem::path& file) {
    const auto text = find_file(file);
    if (!text || trim(*text).empty()) {
        return json::object();
    }
    json config = json::parse(*text, nullptr, false);
    if (!config.is_object()) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is not a JSON object", file.string()));
    }
    return config;
}

std::string text_at(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::string helper_for(const json& config, const std::string& key) {
    if (const auto helpers = config.find("credHelpers"); helpers != config.end() && helpers->is_object()) {
        if (const std::string helper = text_at(*helpers, key.c_str()); !helper.empty()) {
            return helper;
        }
    }
    return text_at(config, "credsStore");
}

ProcessResult run_helper(const std::string& helper, const std::string& verb, const std::string& input) {
    if (helper.find('/') != std::string::npos) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is not the name of a credential helper", helper));
    }
    try {
        return run_process({.argv = {"docker-credential-" + helper, verb}, .input = input, .capture_output = true});
    } catch (Error& error) {
        error.set_hint(
            "Docker's config.json names it as a credential helper (credsStore, credHelpers): install it, or "
            "take it out there");
        throw;
    }
}

std::optional<Credentials> from_helper(const std::string& helper, const std::string& key) {
    const auto result = run_helper(helper, "get", key);
    if (result.exit_code != 0) {
        return std::nullopt;  // "credentials not found" comes with exit code 1
    }
    const json answer = json::parse(result.output, nullptr, false);
    if (!answer.is_object()) {
        throw Error(Errc::invalid_input, fmt::format("docker-credential-{} answered no JSON", helper));
    }
    Credentials credentials{text_at(answer, "Username"), text_at(answer, "Secret"), ""};
    if (credentials.user == "<token>") {
        credentials.identity_token = std::exchange(credentials.password, "");
    }
    return credentials;
}

std::optional<Credentials> from_entry(const json& entry) {
    Credentials credentials;
    credentials.identity_token = text_at(entry, "identitytoken");
    if (const auto decoded = base64_decode(text_at(entry, "auth")); decoded && !decoded->empty()) {
        const auto colon = decoded->find(':');
        credentials.user = decoded->substr(0, colon);
        credentials.password = colon == std::string::npos ? "" : decoded->substr(colon + 1);
    } else {
        credentials.user = text_at(entry, "username");
        credentials.password = text_at(entry, "password");
    }
    const bool empty = credentials.user.empty() && credentials.identity_token.empty();
    return empty ? std::nullopt : std::optional{credentials};
}

void write_config(const std::filesystem::path& file, const json& config) {
    std::filesystem::create_directories(file.parent_path());
    replace_file(file, config.dump(1, '\t') + "\n", 0600);
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string out;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (size_t j = 0; j < 3; ++j) {
            group = group << 8U | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        }
        for (size_t j = 0; j < 4; ++j) {
            out += i + j > bytes.size() ? '=' : alphabet[group >> (18 - 6 * j) & 63U];
        }
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    while (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    std::string out;
    std::uint32_t group = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c == '-' ? '+' : (c == '_' ? '/' : c));
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        group = group << 6U | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>(group >> bits & 0xffU);
        }
    }
    return out;
}

CredentialStore CredentialStore::from_environment() {
    if (const char* folder = std::getenv("DOCKER_CONFIG"); folder != nullptr && *folder != '\0') {
        return CredentialStore{std::filesystem::path{folder} / "config.json"};
    }
    const char* home = std::getenv("HOME");
    return CredentialStore{std::filesystem::path{home != nullptr ? home : "/root"} / ".docker" / "config.json"};
}

std::optional<Credentials> CredentialStore::find(const std::string& domain) const {
    const json config = read_config(file_);
    const std::string key = key_of(domain);
    if (const std::string helper = helper_for(config, key); !helper.empty()) {
        return from_helper(helper, key);
    }
    const auto auths = config.find("auths");
    if (auths == config.end() || !auths->is_object()) {
        return std::nullopt;
    }
    for (const std::string& spelling :
         {key, "https://" + domain, "http://" + domain, "https://" + domain + "/v1/", "https://" + domain + "/v2/"}) {
        if (const auto entry = auths->find(spelling); entry != auths->end() && entry->is_object()) {
            return from_entry(*entry);
        }
    }
    return std::nullopt;
}

Kept CredentialStore::save(const std::string& domain, const Credentials& credentials) const {
    json config = read_config(file_);
    const std::string key = key_of(domain);
    Kept kept = Kept::by_a_helper;
    const bool token = !credentials.identity_token.empty();
    if (const std::string helper = helper_for(config, key); !helper.empty()) {
        const json input = {{"ServerURL", key},
                            {"Username", token ? "<token>" : credentials.user},
                            {"Secret", token ? credentials.identity_token : credentials.password}};
        const auto result = run_helper(helper, "store", input.dump());
        if (result.exit_code != 0) {
            throw Error(Errc::system, fmt::format("docker-credential-{} failed: {}", helper, trim(result.output)));
        }
        config["auths"][key] = json::object();
    } else {
        kept = Kept::in_the_file;
        config["auths"][key] = {{"auth", base64_encode(credentials.user + ':' + credentials.password)}};
        if (token) {
            config["auths"][key]["identitytoken"] = credentials.identity_token;
        }
    }
    write_config(file_, config);
    return kept;
}

bool CredentialStore::remove(const std::string& domain) const {
    json config = read_config(file_);
    const std::string key = key_of(domain);
    bool known = false;
    if (const std::string helper = helper_for(config, key); !helper.empty()) {
        known = run_helper(helper, "erase", key).exit_code == 0;
    }
    if (config.contains("auths") && config["auths"].is_object() && config["auths"].erase(key) > 0) {
        known = true;
        write_config(file_, config);
    }
    return known;
}

std::optional<Challenge> parse_challenge(std::string_view header) {
    const auto blank = header.find(' ');
    Challenge challenge{to_lower(header.substr(0, blank)), {}};
    if (challenge.scheme != "bearer" && challenge.scheme != "basic") {
        return std::nullopt;
    }
    std::string_view rest = blank == std::string_view::npos ? "" : header.substr(blank + 1);
    while (!rest.empty()) {
        rest = rest.substr(std::min(rest.find_first_not_of(" ,"), rest.size()));
        const auto equals = rest.find('=');
        if (equals == std::string_view::npos) {
            break;
        }
        const std::string name = to_lower(trim(rest.substr(0, equals)));
        rest.remove_prefix(equals + 1);
        std::string value;
        if (rest.starts_with('"')) {
            size_t at = 1;
            for (; at < rest.size() && rest[at] != '"'; ++at) {
                at += rest[at] == '\\' && at + 1 < rest.size() ? 1 : 0;
                value += rest[at];
            }
            rest.remove_prefix(std::min(at + 1, rest.size()));
        } else {
            const auto end = std::min(rest.find(','), rest.size());
            value = trim(rest.substr(0, end));
            rest.remove_prefix(end);
        }
        challenge.parameters[name] = value;
    }
    return challenge;
}

}  // namespace stack::image::registry
