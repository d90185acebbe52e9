#include "build/fetch.hpp"

#include <array>
#include <ctime>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "image/reference.hpp"
#include "image/registry/http.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::build {
namespace {

std::vector<std::string> conditions(const Validators& known) {
    std::vector<std::string> headers;
    if (!known.etag.empty()) {
        headers.push_back("If-None-Match: " + known.etag);
    } else if (!known.last_modified.empty()) {
        headers.push_back("If-Modified-Since: " + known.last_modified);
    }
    return headers;
}

Validators validators_of(const image::registry::HttpResponse& response) {
    constexpr std::int64_t settled_seconds = 60;
    const auto changed = response.header("last-modified");
    const auto time = image::registry::http_time(changed);
    const bool settled = time > 0 && time + settled_seconds < std::time(nullptr);
    return {response.header("etag"), settled ? changed : ""};
}

}  // namespace

bool is_web_address(std::string_view text) {
    return text.starts_with("http://") || text.starts_with("https://");
}

std::string file_name_of(const std::string& url) {
    const auto host = url.find("://") + 3;
    const auto path = url.substr(0, url.find_first_of("?#"));
    const auto slash = path.rfind('/');
    return slash == std::string::npos || slash < host ? "" : path.substr(slash + 1);
}

void throw_wrong_digest(const std::string& url, const std::string& digest, const std::string& checksum) {
    throw Error(Errc::invalid_input, fmt::format("the content of '{}' has digest {}, not {}", url, digest, checksum));
}

Fetched fetch_file(const std::string& url, const std::filesystem::path& into, const std::string& checksum,
                   const Validators& known) {
    if (!checksum.empty() && !image::is_sha256_digest(checksum)) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is no checksum", checksum))
            .hint("write sha256: and 64 hex digits");
    }
    const UniqueFd file = kernel::open_at(AT_FDCWD, into, O_WRONLY | O_CREAT | O_EXCL, 0600);
    Sha256 sha;
    image::registry::HttpRequest request;
    request.url = url;
    request.headers = conditions(known);
    request.on_body = [&](std::string_view bytes) {
        sha.update(bytes);
        write_all(file.get(), bytes, into);
    };
    const auto response = image::registry::Http{image::registry::TlsOptions{}}.send(request);
    if (response.status == 304 && !known.empty()) {
        std::filesystem::remove(into);
        return {true, known, {}};
    }
    if (response.status != 200) {
        throw Error(response.status == 404 ? Errc::not_found : Errc::network,
                    fmt::format("'{}' answered {}", url, response.status));
    }
    const auto digest = "sha256:" + sha.finish_hex();
    if (!checksum.empty() && digest != checksum) {
        throw_wrong_digest(url, digest, checksum);
    }
    // Without a date it is as old as time: the same content gives the same layer whenever it is fetched.
    const timespec time{image::registry::http_time(response.header("last-modified")), 0};
    const std::array<timespec, 2> times{time, time};
    check(::futimens(file.get(), times.data()), [&] { return fmt::format("set the time of '{}'", into.string()); });
    return {false, validators_of(response), digest};
}

}  // namespace stack::build
