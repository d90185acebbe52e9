#include "build/web_cache.hpp"

#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "build/fetch.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/random.hpp"

namespace stack::build {
namespace {

namespace fs = std::filesystem;

constexpr const char* about_suffix = ".json";

std::string name_of(const std::string& url) {
    return sha256_hex(url).substr(0, 32);
}

bool link_file(const fs::path& from, const fs::path& to) {
    return ::link(from.c_str(), to.c_str()) == 0;
}

}  // namespace

/// One file: `content` lies beside the JSON that says the rest.
struct WebCache::Kept {
    Validators validators;
    std::string digest;
    fs::path content;
};

WebCache::Kept WebCache::find(const std::string& url) const {
    const auto about = folder_ / (name_of(url) + about_suffix);
    const auto json = nlohmann::json::parse(find_file(about).value_or(""), nullptr, false);
    if (!json.is_object()) {
        return {};
    }
    Kept kept;
    kept.validators = {json.value("etag", ""), json.value("last-modified", "")};
    kept.digest = json.value("digest", "");
    kept.content = folder_ / (name_of(url) + "-" + kept.digest.substr(kept.digest.find(':') + 1));
    if (!fs::exists(kept.content)) {
        return {};
    }
    (void)::utimensat(AT_FDCWD, about.c_str(), nullptr, 0);  // asked for now; prune() reads it
    return kept;
}

void WebCache::keep(const std::string& url, const fs::path& file, const Kept& about) const {
    fs::create_directories(folder_);
    const auto old = find(url);
    const auto content = folder_ / (name_of(url) + "-" + about.digest.substr(about.digest.find(':') + 1));
    const auto fresh = folder_ / ("new-" + random_hex(8));
    if (!link_file(file, fresh)) {
        return;  // on another file system: it is fetched each time
    }
    fs::rename(fresh, content);
    const nlohmann::json json{{"url", url},
                              {"etag", about.validators.etag},
                              {"last-modified", about.validators.last_modified},
                              {"digest", about.digest}};
    replace_file(folder_ / (name_of(url) + about_suffix), json.dump());
    if (!old.content.empty() && old.content != content) {
        fs::remove(old.content);
    }
}

void WebCache::fetch(const std::string& url, const fs::path& into, const std::string& checksum) const {
    const auto kept = find(url);
    if (!checksum.empty() && kept.digest == checksum && link_file(kept.content, into)) {
        return;
    }
    auto fetched = fetch_file(url, into, checksum, kept.validators);
    if (fetched.unchanged) {
        if (!checksum.empty() && kept.digest != checksum) {
            throw_wrong_digest(url, kept.digest, checksum);
        }
        if (link_file(kept.content, into)) {
            return;
        }
        fetched = fetch_file(url, into, checksum);
    }
    if (!fetched.validators.empty()) {
        keep(url, into, {fetched.validators, fetched.digest, {}});
    }
}

void WebCache::prune(std::int64_t unix_time) const {
    std::error_code none;
    const auto is_unused = [&](const fs::path& about) {
        struct stat status {};
        return ::stat(about.c_str(), &status) != 0 || status.st_mtim.tv_sec <= unix_time;
    };
    std::vector<fs::path> unused;
    for (const auto& entry : fs::directory_iterator{folder_, none}) {
        const auto name = entry.path().filename().string();
        // "name.json", or "name-digest" with the file's content; without its JSON that is nobody's.
        if (is_unused(folder_ / (name.substr(0, name.find_first_of(".-")) + about_suffix))) {
            unused.push_back(entry.path());
        }
    }
    for (const auto& path : unused) {
        fs::remove(path, none);
    }
}

}  // namespace stack::build
