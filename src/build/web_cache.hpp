#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace stack::build {

/// What ADD got from the web, kept with the server's ETag or Last-Modified: the next build asks only whether it is
/// still the same (RFC 9110 13), and asks nothing at all for a file whose --checksum is known.
class WebCache {
public:
    explicit WebCache(std::filesystem::path folder) : folder_{std::move(folder)} {}

    /// As fetch_file(). The new file may share its inode with the one that is kept: it is for reading.
    void fetch(const std::string& url, const std::filesystem::path& into, const std::string& checksum) const;
    /// Forgets what no build has asked for since `unix_time`.
    void prune(std::int64_t unix_time) const;

private:
    struct Kept;
    Kept find(const std::string& url) const;
    void keep(const std::string& url, const std::filesystem::path& file, const Kept& about) const;

    std::filesystem::path folder_;
};

}  // namespace stack::build
