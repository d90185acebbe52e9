#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/error.hpp"

namespace stack::image::registry {

struct HttpRequest {
    std::string method{"GET"};
    std::string url;
    std::vector<std::string> headers;  ///< "Name: value"
    std::string body;
    /// Gives up to `size` bytes of an upload of `upload_size` bytes, instead of `body`.
    std::function<size_t(char* data, size_t size)> upload;
    std::int64_t upload_size{0};
    /// Content of a 2xx answer, piece by piece; may throw. Unset: it goes into HttpResponse::body.
    std::function<void(std::string_view)> on_body;
    /// Called with the status before the first on_body.
    std::function<void(int status)> on_answer;
};

struct HttpResponse {
    int status{0};
    std::map<std::string, std::string> headers;  ///< of the last answer, names in lower case
    std::string body;                            ///< at most a few MB
    std::string url;                             ///< after redirects

    std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string{} : found->second;
    }
};

/// No answer: connection, TLS, time-out, cut off. `tls` if the server does not speak TLS.
class HttpFailure : public Error {
public:
    HttpFailure(Errc code, std::string what, bool no_tls) : Error{code, std::move(what)}, no_tls_{no_tls} {}
    bool no_tls() const noexcept { return no_tls_; }

private:
    bool no_tls_;
};

struct TlsOptions {
    std::string ca_file;  ///< one more certificate authority; empty: the system's
    std::string client_certificate, client_key;
    bool verify{true};
};

/// One connection that is used again. Proxies come from the environment (http_proxy, https_proxy, no_proxy, in capitals
/// too); hosts on the loopback interface are never reached by one, as with Docker. Follows redirects, without
/// credentials to other hosts. One thread at a time.
class Http {
public:
    explicit Http(TlsOptions tls);
    Http(Http&&) noexcept;
    Http& operator=(Http&&) = delete;
    ~Http();

    /// Throws HttpFailure, or what on_body threw. Any status is an answer.
    HttpResponse send(const HttpRequest& request);

private:
    struct Handle;
    std::unique_ptr<Handle> handle_;
    TlsOptions tls_;
};

/// RFC 9110 5.6.7, the form that servers send: "Sun, 06 Nov 1994 08:49:37 GMT". 0 if it is something else.
std::int64_t http_time(const std::string& text);

/// Percent-encoding of everything but unreserved characters (RFC 3986 2.3).
std::string url_encode(std::string_view text);

}  // namespace stack::image::registry
