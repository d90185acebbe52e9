#include "image/registry/http.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "image/registry/curl_api.hpp"
#include "image/registry/settings.hpp"
#include "support/duration.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image::registry {
namespace {

constexpr size_t largest_answer = size_t{8} << 20U;
constexpr size_t most_headers = 200;
constexpr long connect_timeout_s = 30;
constexpr std::int64_t stalled_after_s = 60;
constexpr long most_redirects = 10;

// What the callbacks of one transfer share. curl is C: an exception must not pass through it.
struct Transfer {
    const HttpRequest& request;
    HttpResponse response;
    std::exception_ptr failure;
    bool answered{false};

    template <class Body>
    bool guarded(Body&& body) noexcept {
        try {
            body();
            return true;
        } catch (...) {
            failure = std::current_exception();
            return false;
        }
    }

    void header_line(std::string_view line) {
        line = trim(line);
        if (line.starts_with("HTTP/")) {  // a new answer: after a redirect, or behind a proxy
            response.headers.clear();
            const auto blank = line.find(' ');
            const auto code = blank == std::string_view::npos ? std::nullopt : parse_int(line.substr(blank + 1, 3));
            response.status = static_cast<int>(code.value_or(0));
            return;
        }
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && response.headers.size() < most_headers) {
            response.headers[to_lower(trim(line.substr(0, colon)))] = trim(line.substr(colon + 1));
        }
    }

    void body(std::string_view bytes) {
        if (request.on_body && response.status / 100 == 2) {
            if (!std::exchange(answered, true) && request.on_answer) {
                request.on_answer(response.status);
            }
            request.on_body(bytes);
            return;
        }
        if (response.body.size() + bytes.size() > largest_answer) {
            throw Error(Errc::network,
                        fmt::format("the answer of '{}' is larger than {} bytes", request.url, largest_answer));
        }
        response.body += bytes;
    }
};

size_t on_header(char* data, size_t size, size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    return transfer.guarded([&] { transfer.header_line({data, size * count}); }) ? size * count : 0;
}

size_t on_content(char* data, size_t size, size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    return transfer.guarded([&] { transfer.body({data, size * count}); }) ? size * count : 0;
}

size_t on_upload(char* data, size_t size, size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    size_t given = CURL_READFUNC_ABORT;
    transfer.guarded([&] { given = transfer.request.upload(data, size * count); });
    return given;
}

class HeaderList {
public:
    explicit HeaderList(const CurlApi& api) : api_{api} {}
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() { api_.slist_free_all(list_); }
    void add(const std::string& line) { list_ = api_.slist_append(list_, line.c_str()); }
    curl_slist* get() const { return list_; }

private:
    const CurlApi& api_;
    curl_slist* list_{nullptr};
};

std::string host_of(const std::string& url) {
    const auto start = url.find("://");
    const size_t from = start == std::string::npos ? 0 : start + 3;
    return url.substr(from, url.find('/', from) - from);
}

std::string variable(const char* lower, const char* upper) {
    for (const char* name : {lower, upper}) {
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') {
            return value;
        }
    }
    return {};
}

/// curl reads HTTP_PROXY in small letters only, because CGI servers give a request's "Proxy:" under that name.
std::string proxy_for(const std::string& url) {
    const bool in_cgi = std::getenv("REQUEST_METHOD") != nullptr;
    return url.starts_with("http://") && !in_cgi ? variable("http_proxy", "HTTP_PROXY") : std::string{};
}

/// A proxy's loopback is not ours.
std::string hosts_without_proxy(const std::string& url) {
    std::string hosts = variable("no_proxy", "NO_PROXY");
    if (hosts == "*") {
        return hosts;
    }
    for (const std::string host : {"localhost", "127.0.0.1", "[::1]"}) {
        hosts += (hosts.empty() ? "" : ",") + host;
    }
    const std::string host = host_of(url);
    return is_loopback(host) ? hosts + ',' + host.substr(0, host.rfind(':')) : hosts;
}

/// Seconds without a byte after which a registry counts as down.
long stalled_after() {
    const char* text = std::getenv("STACK_REGISTRY_TIMEOUT");
    if (text == nullptr || *text == '\0') {
        return stalled_after_s;
    }
    const auto given = parse_duration(text);
    if (!given || *given < std::chrono::seconds{1} || *given > std::chrono::hours{24}) {
        throw Error(Errc::invalid_input, fmt::format("STACK_REGISTRY_TIMEOUT is '{}'", text))
            .hint("write how long a registry may be silent, 1s to 24h");
    }
    return static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(*given).count());
}

[[noreturn]] void fail(const CurlApi& api, CURLcode code, const std::string& url, const std::string& detail) {
    const std::string host = host_of(url);
    const bool no_tls = code == CURLE_SSL_CONNECT_ERROR;
    std::string why = detail.empty() ? api.easy_strerror(code) : detail;
    Errc kind = Errc::network;
    std::string hint;
    switch (static_cast<int>(code)) {
        case CURLE_COULDNT_RESOLVE_HOST:
            why = fmt::format("the name '{}' is not known", host);
            break;
        case CURLE_COULDNT_RESOLVE_PROXY:
            why = "the name of the proxy is not known";
            hint = "see http_proxy, https_proxy and no_proxy in the environment";
            break;
        case CURLE_OPERATION_TIMEDOUT:
            kind = Errc::timeout;
            why = "no answer in time";
            break;
        case CURLE_TOO_MANY_REDIRECTS:
            why = "it redirects in circles";
            break;
        case CURLE_PARTIAL_FILE:
            why = "the connection was cut";
            break;
        case CURLE_PEER_FAILED_VERIFICATION:
            hint = fmt::format(
                "if it has its own certificate authority, put its certificate into "
                "/etc/docker/certs.d/{}/ca.crt or name it in registries.json",
                host);
            break;
        default:
            break;
    }
    HttpFailure failure{kind, fmt::format("cannot talk to '{}': {}", host, why), no_tls};
    failure.set_hint(hint);
    throw failure;
}

}  // namespace

struct Http::Handle {
    const CurlApi& api = CurlApi::get();
    CURL* easy = api.easy_init();
    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { api.easy_cleanup(easy); }
};

Http::Http(TlsOptions tls) : handle_{std::make_unique<Handle>()}, tls_{std::move(tls)} {}
Http::Http(Http&&) noexcept = default;
Http::~Http() = default;

HttpResponse Http::send(const HttpRequest& request) {
    const CurlApi& api = handle_->api;
    CURL* easy = handle_->easy;
    Transfer transfer{request, {}, nullptr};
    std::array<char, CURL_ERROR_SIZE> detail{};
    api.easy_reset(easy);  // keeps the connection
    const auto set = [&](CURLoption option, auto value) { api.easy_setopt(easy, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, request.url.starts_with("https:") && tls_.verify ? "https" : "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, most_redirects);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "stack");
    set(CURLOPT_CONNECTTIMEOUT, connect_timeout_s);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, stalled_after());
    set(CURLOPT_BUFFERSIZE, 256L << 10U);
    set(CURLOPT_ERRORBUFFER, detail.data());
    const std::string no_proxy = hosts_without_proxy(request.url);
    set(CURLOPT_NOPROXY, no_proxy.c_str());
    const std::string proxy = proxy_for(request.url);
    if (!proxy.empty()) {
        set(CURLOPT_PROXY, proxy.c_str());
    }
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEFUNCTION, &on_content);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_SSL_VERIFYPEER, tls_.verify ? 1L : 0L);
    set(CURLOPT_SSL_VERIFYHOST, tls_.verify ? 2L : 0L);
    if (!tls_.ca_file.empty()) {
        set(CURLOPT_CAINFO, tls_.ca_file.c_str());
    }
    if (!tls_.client_certificate.empty()) {
        set(CURLOPT_SSLCERT, tls_.client_certificate.c_str());
        set(CURLOPT_SSLKEY, tls_.client_key.c_str());
    }
    HeaderList headers{api};
    headers.add("Expect:");
    for (const std::string& line : request.headers) {
        headers.add(line);
    }
    set(CURLOPT_HTTPHEADER, headers.get());
    if (request.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
    } else if (request.upload) {
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_READFUNCTION, &on_upload);
        set(CURLOPT_READDATA, &transfer);
        set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload_size));
    } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(CURLOPT_POSTFIELDS, request.body.c_str());
    }
    const CURLcode code = api.easy_perform(easy);
    if (transfer.failure) {
        std::rethrow_exception(transfer.failure);
    }
    if (code != CURLE_OK) {
        fail(api, code, request.url, detail.data());
    }
    char* url = nullptr;
    api.easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    transfer.response.url = url ? url : request.url;
    return std::move(transfer.response);
}

std::int64_t http_time(const std::string& text) {
    tm parts{};
    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return end == nullptr || *end != '\0' ? 0 : ::timegm(&parts);
}

std::string url_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view{"-._~"}.find(c) != std::string_view::npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace stack::image::registry
