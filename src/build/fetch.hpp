#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace stack::build {

/// "http://…" or "https://…".
bool is_web_address(std::string_view text);

/// The last part of a web address's path: "tool.tgz"; empty if it ends in a slash.
std::string file_name_of(const std::string& url);

/// What a server says of one version of a file (RFC 9110 8.8).
struct Validators {
    std::string etag;
    std::string last_modified;  ///< only if it can be relied on: a file may change more than once in a second
    bool empty() const { return etag.empty() && last_modified.empty(); }
};

struct Fetched {
    bool unchanged{false};
    Validators validators;
    std::string digest;
};

/// Gets a file from the web into the new file `into` (mode 0600), with the time of its Last-Modified if it has one.
/// `checksum` ("sha256:…", or empty) is compared while it comes. With the validators of an earlier answer the server
/// may say that it is unchanged; then there is no file. Throws Errc::not_found, network, timeout, or invalid_input for
/// a wrong checksum.
Fetched fetch_file(const std::string& url, const std::filesystem::path& into, const std::string& checksum = {},
                   const Validators& known = {});

[[noreturn]] void throw_wrong_digest(const std::string& url, const std::string& digest, const std::string& checksum);

}  // namespace stack::build
