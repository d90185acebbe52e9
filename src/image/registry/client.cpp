#include "image/registry/client.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "image/media_types.hpp"
#include "image/reference.hpp"
#include "support/digest.hpp"
#include "support/duration.hpp"
#include "support/files.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace stack::image::registry {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr int most_tries = 5;
constexpr auto first_pause = 200ms;
constexpr auto longest_told_pause = 60s;
constexpr auto shown_pause = 2s;
constexpr const char* hub_host = "registry-1.docker.io";

bool is_passing(int status) {
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/// What Retry-After says (RFC 9110 10.2.3): seconds, or a date.
std::optional<std::chrono::seconds> told_pause(const HttpResponse& response) {
    const std::string text = response.header("retry-after");
    if (const auto seconds = parse_int(text); seconds && *seconds >= 0) {
        return std::chrono::seconds{*seconds};
    }
    const auto when = http_time(text);
    return when > 0 ? std::optional{std::chrono::seconds{std::max<std::int64_t>(when - std::time(nullptr), 0)}}
                    : std::nullopt;
}

// The first pause is short, each next one twice as long, unless the server says how long.
std::chrono::milliseconds pause_before(int next_try, std::optional<std::chrono::seconds> told = std::nullopt) {
    return told ? *told : first_pause * (1 << (next_try - 1));
}

// The "errors" of the distribution-spec, as one line.
std::string registry_message(const std::string& body) {
    const json document = json::parse(body, nullptr, false);
    if (document.is_object() && document.contains("errors") && document["errors"].is_array()) {
        for (const json& error : document["errors"]) {
            if (error.is_object() && error.contains("message") && error["message"].is_string()) {
                return abbreviate(error["message"].get<std::string>(), 300);
            }
        }
    }
    return {};
}

std::string manifest_types() {
    return fmt::format("Accept: {}, {}, {}, {}", media_type::oci_index, media_type::oci_manifest,
                       media_type::docker_list, media_type::docker_manifest);
}

std::string resolve_url(const std::string& base, const std::string& location) {
    return location.starts_with('/') ? base + location : location;
}

}  // namespace

Client::Client(const std::string& domain, const RegistrySettings& settings, std::optional<Credentials> credentials)
    : domain_{domain},
      base_{"https://" + (domain == "docker.io" ? std::string{hub_host} : domain)},
      may_fall_back_{settings.insecure},
      credentials_{std::move(credentials)},
      http_{TlsOptions{settings.ca_file, settings.client_certificate, settings.client_key,
                       !settings.insecure || !settings.ca_file.empty()}} {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (domain.starts_with(scheme)) {
            base_ = domain;
            domain_ = domain.substr(scheme.size());
            may_fall_back_ = false;
        }
    }
}

// False if the registry wants so long a pause that saying it is better than waiting. Short ones are nobody's business.
bool Client::will_wait(const HttpResponse& response) const {
    const auto told = told_pause(response);
    if (told && *told > longest_told_pause) {
        return false;
    }
    if (told && *told >= shown_pause && on_wait_) {
        on_wait_(fmt::format("registry '{}' {}; trying again in {}", domain_,
                             response.status == 429 ? "says that there are too many requests"
                                                    : fmt::format("answered {}", response.status),
                             format_duration(*told)));
    }
    return true;
}

void Client::refuse(const HttpResponse& response, const std::string& what) const {
    const std::string message = registry_message(response.body);
    std::string detail = message.empty() ? "" : ": " + message;
    if (const auto told = told_pause(response); told && told->count() > 0 && is_passing(response.status)) {
        detail += fmt::format("; it asks to wait {}", format_duration(*told));
    }
    switch (response.status) {
        case 401:
        case 403: {
            Error error{Errc::permission, fmt::format("registry '{}' refuses access to {}{}", domain_, what, detail)};
            error.set_hint(credentials_ ? "the account may not do this, or the password is wrong"
                                        : fmt::format("log in first: stack login {}", domain_));
            throw error;
        }
        case 404:
            throw Error(Errc::not_found, fmt::format("registry '{}' has no {}{}", domain_, what, detail));
        case 429:
            throw Error(Errc::network,
                        fmt::format("registry '{}' says that there are too many requests{}", domain_, detail))
                .hint("wait a while, log in for a higher limit, or set up a mirror");
        default:
            throw Error(Errc::network,
                        fmt::format("registry '{}' answered {} for {}{}", domain_, response.status, what, detail));
    }
}

HttpResponse Client::call_once(HttpRequest& request, const std::string& path, const std::string& scope) {
    request.url = path.starts_with("http") ? path : base_ + path;
    const size_t own_headers = request.headers.size();
    if (const auto known = authorization_.find(scope);
        known != authorization_.end() && request.url.starts_with(base_)) {
        request.headers.push_back("Authorization: " + known->second);
    }
    try {
        HttpResponse response = http_.send(request);
        request.headers.resize(own_headers);
        may_fall_back_ = false;
        return response;
    } catch (const Error&) {
        request.headers.resize(own_headers);
        throw;
    }
}

HttpResponse Client::call(HttpRequest request, const std::string& path, const std::string& repository, Access access) {
    const std::string scope =
        repository.empty() ? ""
                           : fmt::format("repository:{}:{}", repository, access == Access::push ? "pull,push" : "pull");
    bool asked = false;
    for (int attempt = 1;; ++attempt) {
        try {
            HttpResponse response = call_once(request, path, scope);
            if (response.status == 401 && !asked) {
                asked = true;
                const auto challenge = parse_challenge(response.header("www-authenticate"));
                if (challenge && authorize(*challenge, scope)) {
                    --attempt;
                    continue;
                }
            }
            if (!is_passing(response.status) || attempt >= most_tries || !will_wait(response)) {
                return response;
            }
            std::this_thread::sleep_for(pause_before(attempt, told_pause(response)));
        } catch (const HttpFailure& failure) {
            if (may_fall_back_ && base_.starts_with("https://")) {
                may_fall_back_ = false;
                base_.replace(0, 8, "http://");
                continue;
            }
            if (attempt >= most_tries || request.on_body) {
                throw;
            }
            std::this_thread::sleep_for(pause_before(attempt));
        }
    }
}

// False if there is nothing to answer the challenge with.
bool Client::authorize(const Challenge& challenge, const std::string& scope) {
    if (challenge.scheme == "basic") {
        if (!credentials_ || credentials_->user.empty()) {
            return false;
        }
        authorization_[scope] = "Basic " + base64_encode(credentials_->user + ':' + credentials_->password);
        return true;
    }
    authorization_[scope] = "Bearer " + fetch_token(challenge, scope);
    return true;
}

// distribution "Token Authentication Specification"; with a refresh token its OAuth2 form.
std::string Client::fetch_token(const Challenge& challenge, const std::string& scope) {
    const auto parameter = [&](const char* name) {
        const auto found = challenge.parameters.find(name);
        return found == challenge.parameters.end() ? std::string{} : found->second;
    };
    const std::string realm = parameter("realm");
    if (!realm.starts_with("https://") && !(realm.starts_with("http://") && base_.starts_with("http://"))) {
        throw Error(Errc::network, fmt::format("registry '{}' sends for a token to '{}', which is no HTTPS address",
                                               domain_, abbreviate(realm, 200)));
    }
    const std::string wanted = scope.empty() ? parameter("scope") : scope;
    HttpRequest request;
    if (credentials_ && !credentials_->identity_token.empty()) {
        request.method = "POST";
        request.url = realm;
        request.headers = {"Content-Type: application/x-www-form-urlencoded"};
        request.body =
            fmt::format("grant_type=refresh_token&client_id=stack&service={}&scope={}&refresh_token={}",
                        url_encode(parameter("service")), url_encode(wanted), url_encode(credentials_->identity_token));
    } else {
        request.url = fmt::format("{}{}service={}", realm, realm.find('?') == std::string::npos ? '?' : '&',
                                  url_encode(parameter("service")));
        if (!wanted.empty()) {
            request.url += "&scope=" + url_encode(wanted);
        }
        if (credentials_ && !credentials_->user.empty()) {
            request.headers = {"Authorization: Basic " +
                               base64_encode(credentials_->user + ':' + credentials_->password)};
        }
    }
    const HttpResponse response = http_.send(request);
    if (response.status != 200) {
        refuse(response, "a token");
    }
    const json answer = json::parse(response.body, nullptr, false);
    for (const char* key : {"token", "access_token"}) {
        if (answer.is_object() && answer.contains(key) && answer[key].is_string()) {
            const auto token = answer[key].get<std::string>();
            if (token.find_first_of("\r\n") == std::string::npos) {
                return token;
            }
        }
    }
    throw Error(Errc::network, fmt::format("the token server of registry '{}' gave no token", domain_));
}

FetchedManifest Client::manifest(const std::string& repository, const std::string& reference) {
    HttpRequest request;
    request.headers = {manifest_types()};
    const HttpResponse response =
        call(request, fmt::format("/v2/{}/manifests/{}", repository, reference), repository, Access::pull);
    if (response.status != 200) {
        refuse(response, fmt::format("image '{}:{}'", repository, reference));
    }
    FetchedManifest fetched{response.body, response.header("content-type"), "sha256:" + sha256_hex(response.body)};
    fetched.media_type.resize(std::min(fetched.media_type.find(';'), fetched.media_type.size()));
    if (is_sha256_digest(reference) && fetched.digest != reference) {
        throw Error(Errc::network, fmt::format("registry '{}' gave a manifest with digest {} for {}", domain_,
                                               fetched.digest, reference));
    }
    return fetched;
}

std::optional<std::string> Client::manifest_digest(const std::string& repository, const std::string& reference) {
    HttpRequest request;
    request.method = "HEAD";
    request.headers = {manifest_types()};
    const HttpResponse response =
        call(request, fmt::format("/v2/{}/manifests/{}", repository, reference), repository, Access::pull);
    const std::string digest = response.header("docker-content-digest");
    return response.status == 200 && is_sha256_digest(digest) ? std::optional{digest} : std::nullopt;
}

void Client::put_manifest(const std::string& repository, const std::string& reference, std::string_view json,
                          const std::string& type) {
    HttpRequest request;
    request.method = "PUT";
    request.headers = {"Content-Type: " + type};
    request.body = json;
    const HttpResponse response =
        call(request, fmt::format("/v2/{}/manifests/{}", repository, reference), repository, Access::push);
    if (response.status != 201 && response.status != 200) {
        refuse(response, fmt::format("storing the manifest of '{}'", repository));
    }
}

std::string Client::blob(const std::string& repository, const std::string& digest, std::int64_t size) {
    std::string content;
    HttpRequest request;
    const HttpResponse response =
        call(request, fmt::format("/v2/{}/blobs/{}", repository, digest), repository, Access::pull);
    if (response.status != 200) {
        refuse(response, fmt::format("blob {}", digest));
    }
    if (std::ssize(response.body) != size || "sha256:" + sha256_hex(response.body) != digest) {
        throw Error(Errc::network, fmt::format("registry '{}' gave other content for blob {}", domain_, digest));
    }
    return response.body;
}

namespace {

// A file that grows while its digest is kept; what it holds already is digested first.
class PartialFile {
public:
    PartialFile(const std::string& path, std::int64_t size)
        : path_{path}, size_{size}, fd_{check(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), [&] {
              return fmt::format("open '{}'", path);
          })} {
        std::array<char, 65536> buffer;
        for (ssize_t got = 0; (got = ::read(fd_.get(), buffer.data(), buffer.size())) > 0;) {
            sha_.update({buffer.data(), static_cast<size_t>(got)});
            there_ += got;
        }
        if (there_ > size_) {
            restart();
        }
    }

    void append(std::string_view bytes) {
        if (std::ssize(bytes) > size_ - there_) {
            throw Error(Errc::network, "the registry sends more than the manifest says");
        }
        write_all(fd_.get(), bytes, path_);
        sha_.update(bytes);
        there_ += std::ssize(bytes);
    }

    void restart() {
        check(::ftruncate(fd_.get(), 0), [&] { return fmt::format("truncate '{}'", path_); });
        ::lseek(fd_.get(), 0, SEEK_SET);
        sha_ = Sha256{};
        there_ = 0;
    }

    std::int64_t there() const { return there_; }
    std::string digest() { return "sha256:" + sha_.finish_hex(); }
    void remove() const { ::unlink(path_.c_str()); }

private:
    std::string path_;
    std::int64_t size_;
    UniqueFd fd_;
    Sha256 sha_;
    std::int64_t there_{0};
};

}  // namespace

void Client::download(const std::string& repository, const std::string& digest, std::int64_t size,
                      const std::string& path, const std::function<void(std::int64_t)>& on_progress) {
    PartialFile file{path, size};
    std::int64_t furthest = file.there();
    for (int tries = 0; file.there() < size;) {
        HttpRequest request;
        const std::int64_t before = file.there();
        if (before > 0) {
            request.headers = {fmt::format("Range: bytes={}-{}", before, size - 1)};
        }
        request.on_answer = [&](int status) {
            if (status != 206) {
                file.restart();  // a registry that knows no ranges sends all of it
            }
        };
        request.on_body = [&](std::string_view bytes) {
            file.append(bytes);
            on_progress(file.there());
        };
        bool cut = false;
        try {
            const HttpResponse response =
                call(request, fmt::format("/v2/{}/blobs/{}", repository, digest), repository, Access::pull);
            if (response.status == 416) {
                file.restart();
            } else if (response.status / 100 != 2) {
                refuse(response, fmt::format("layer {}", digest));
            }
        } catch (const HttpFailure&) {
            cut = true;
            if (tries + 1 >= most_tries) {
                throw;
            }
        }
        // Only coming further than ever before counts as progress: a registry may always send the same beginning.
        tries = file.there() > furthest ? 0 : tries + 1;
        furthest = std::max(furthest, file.there());
        if (tries >= most_tries && !cut) {
            throw Error(Errc::network, fmt::format("registry '{}' ends layer {} too early", domain_, digest));
        }
        if (file.there() < size) {
            std::this_thread::sleep_for(pause_before(tries + 1));
        }
    }
    if (file.digest() != digest) {
        file.remove();
        throw Error(Errc::network, fmt::format("registry '{}' gave other content for layer {}", domain_, digest));
    }
}

bool Client::has_blob(const std::string& repository, const std::string& digest) {
    HttpRequest request;
    request.method = "HEAD";
    const HttpResponse response =
        call(request, fmt::format("/v2/{}/blobs/{}", repository, digest), repository, Access::push);
    if (response.status == 401 || response.status == 403) {
        refuse(response, fmt::format("repository '{}'", repository));
    }
    return response.status == 200;
}

std::string Client::start_upload(const std::string& repository, const std::string& query, bool& mounted) {
    HttpRequest request;
    request.method = "POST";
    const HttpResponse response =
        call(request, fmt::format("/v2/{}/blobs/uploads/{}", repository, query), repository, Access::push);
    mounted = response.status == 201;
    if (!mounted && response.status != 202) {
        refuse(response, fmt::format("uploads to '{}'", repository));
    }
    return resolve_url(base_, response.header("location"));
}

bool Client::mount_blob(const std::string& repository, const std::string& digest, const std::string& from) {
    bool mounted = false;
    start_upload(repository, fmt::format("?mount={}&from={}", url_encode(digest), url_encode(from)), mounted);
    return mounted;
}

void Client::upload(const std::string& repository, const std::string& digest, const std::string& path,
                    const std::function<void(std::int64_t)>& on_progress) {
    const UniqueFd fd{
        check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), [&] { return fmt::format("open '{}'", path); })};
    struct stat status {};
    check(::fstat(fd.get(), &status), [&] { return fmt::format("stat '{}'", path); });
    for (int attempt = 1;; ++attempt) {
        bool mounted = false;
        const std::string location = start_upload(repository, "", mounted);
        if (!location.starts_with("http")) {
            throw Error(Errc::network, fmt::format("registry '{}' does not say where to upload", domain_));
        }
        std::int64_t at = 0;
        HttpRequest request;
        request.method = "PUT";
        request.headers = {"Content-Type: application/octet-stream"};
        request.upload_size = status.st_size;
        request.upload = [&](char* data, size_t size) {
            const ssize_t got =
                check(::pread(fd.get(), data, size, at), [&] { return fmt::format("read '{}'", path); });
            at += got;
            on_progress(at);
            return static_cast<size_t>(got);
        };
        const std::string scope = fmt::format("repository:{}:pull,push", repository);
        const std::string url = fmt::format("{}{}digest={}", location,
                                            location.find('?') == std::string::npos ? '?' : '&', url_encode(digest));
        std::optional<std::chrono::seconds> told;
        try {
            const HttpResponse response = call_once(request, url, scope);
            if (response.status == 201) {
                return;
            }
            if (!is_passing(response.status) || attempt >= most_tries || !will_wait(response)) {
                refuse(response, fmt::format("layer {}", digest));
            }
            told = told_pause(response);
        } catch (const HttpFailure&) {
            if (attempt >= most_tries) {
                throw;
            }
        }
        std::this_thread::sleep_for(pause_before(attempt, told));
    }
}

void Client::check_access() {
    const HttpResponse response = call(HttpRequest{}, "/v2/", "", Access::pull);
    if (response.status == 401 || response.status == 403) {
        throw Error(Errc::permission, fmt::format("registry '{}' refuses this user name and password", domain_));
    }
    if (response.status != 200) {
        refuse(response, "its API");
    }
}

Client make_client(const std::string& domain) {
    return {domain, Settings::from_environment().of(domain), CredentialStore::from_environment().find(domain)};
}

Client make_mirror_client(const std::string& url) {
    const std::string domain = url.substr(url.find("://") + 3);
    return {url, Settings::from_environment().of(domain), CredentialStore::from_environment().find(domain)};
}

}  // namespace stack::image::registry
