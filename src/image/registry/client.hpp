#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/registry/auth.hpp"
#include "image/registry/http.hpp"
#include "image/registry/settings.hpp"

namespace stack::image::registry {

struct FetchedManifest {
    std::string json, media_type, digest;
};

/// One registry, by the OCI distribution-spec (Docker Registry HTTP API V2). Tokens are fetched when it asks for them.
/// Answers that come and go (connection cut, 429, 5xx) are tried again with growing pauses, or those that it asks for
/// as long as they are short. One thread at a time.
class Client {
public:
    /// `domain` as in references; `credentials` for it, if any.
    Client(const std::string& domain, const RegistrySettings& settings, std::optional<Credentials> credentials);

    /// `reference` is a tag or a digest. Checked against the digest if it is one. Errc::not_found if it is not there.
    FetchedManifest manifest(const std::string& repository, const std::string& reference);
    /// Only its digest (HEAD); nullopt if it is not there.
    std::optional<std::string> manifest_digest(const std::string& repository, const std::string& reference);
    void put_manifest(const std::string& repository, const std::string& reference, std::string_view json,
                      const std::string& media_type);

    /// All tags of a repository, in the registry's order.
    std::vector<std::string> tags(const std::string& repository);

    /// A small blob, checked against its digest.
    std::string blob(const std::string& repository, const std::string& digest, std::int64_t size);
    /// A layer into `file`, which may hold the beginning already; goes on there after cuts. Checked against its digest
    /// while it comes; a wrong one is removed. `on_progress` gets the bytes that are there.
    void download(const std::string& repository, const std::string& digest, std::int64_t size, const std::string& file,
                  const std::function<void(std::int64_t)>& on_progress);

    bool has_blob(const std::string& repository, const std::string& digest);
    /// Takes the blob over from another repository of this registry; false if the registry wants it uploaded.
    bool mount_blob(const std::string& repository, const std::string& digest, const std::string& from);
    void upload(const std::string& repository, const std::string& digest, const std::string& file,
                const std::function<void(std::int64_t)>& on_progress);

    /// Who is told, in a sentence, when a registry asks to wait for some seconds (Retry-After) before the next try.
    void on_wait(std::function<void(const std::string&)> tell) { on_wait_ = std::move(tell); }

    /// For `login`: throws Errc::permission if the credentials are refused.
    void check_access();

private:
    enum class Access { pull, push };
    HttpResponse call(HttpRequest request, const std::string& path, const std::string& repository, Access access);
    HttpResponse call_once(HttpRequest& request, const std::string& path, const std::string& scope);
    bool authorize(const Challenge& challenge, const std::string& scope);
    std::string fetch_token(const Challenge& challenge, const std::string& scope);
    std::string start_upload(const std::string& repository, const std::string& query, bool& mounted);
    bool will_wait(const HttpResponse& response) const;
    [[noreturn]] void refuse(const HttpResponse& response, const std::string& what) const;

    std::string domain_, base_;  ///< "https://registry-1.docker.io"
    bool may_fall_back_{false};  ///< to plain HTTP
    std::optional<Credentials> credentials_;
    Http http_;
    std::function<void(const std::string&)> on_wait_;
    std::map<std::string, std::string> authorization_;  ///< header value by scope
};

/// A client for `domain`, with what this machine says of it.
Client make_client(const std::string& domain);
/// One for a mirror's address.
Client make_mirror_client(const std::string& url);

}  // namespace stack::image::registry
