#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace stack::build {

/// "http://…" or "https://…".
bool is_web_address(std::string_view text);

/// The last part of a web address's path: "tool.tgz"; empty if it ends in a slash.
std::string file_name_of(const std::string& url);

/// Gets a file from the web into the new file `into` (mode 0600), with the time of its Last-Modified if it has one.
/// `checksum` ("sha256:…", or empty) is compared while it comes. Throws Errc::not_found, network, timeout, or
/// invalid_input for a wrong checksum.
void fetch_file(const std::string& url, const std::filesystem::path& into, const std::string& checksum = {});

}  // namespace stack::build
