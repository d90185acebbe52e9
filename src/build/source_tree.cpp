#include "build/source_tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "build/file_digests.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

bool has_wildcard(std::string_view part) {
    return part.find_first_of("*?[") != std::string_view::npos;
}

std::string joined(const std::string& prefix, const std::string& name) {
    return prefix.empty() ? name : prefix + "/" + name;
}

std::vector<std::string> parts_of(const std::string& pattern) {
    std::vector<std::string> parts;
    for (const auto part : split(pattern, '/')) {
        if (part == "..") {
            if (!parts.empty()) {
                parts.pop_back();  // "/.." is "/": a source never leaves its tree
            }
        } else if (!part.empty() && part != ".") {
            parts.emplace_back(part);
        }
    }
    return parts;
}

std::string read_link(const kernel::LayeredEntry& entry) {
    std::string target(PATH_MAX, '\0');
    const ssize_t length = check(::readlinkat(entry.parent, entry.name.c_str(), target.data(), target.size()),
                                 [&] { return fmt::format("read the link '{}'", entry.name); });
    target.resize(static_cast<size_t>(length));
    return target;
}

/// Feeds one tree into a digest.
class Digester {
public:
    Digester(const SourceTree& tree, const IgnoreRules& exclude, const FileDigests* digests, bool with_owner)
        : tree_{tree}, exclude_{exclude}, digests_{digests}, with_owner_{with_owner} {}

    void add_folder(const kernel::LayeredDir& folder, const std::string& path, const std::string& relative) {
        for (const auto& entry : folder.list()) {
            const auto below = joined(path, entry.name);
            const auto shown = joined(relative, entry.name);
            const bool is_folder = S_ISDIR(entry.status.st_mode);
            if (tree_.hides(below, is_folder) || (exclude_.ignores(shown) && !is_folder)) {
                continue;
            }
            add_entry(entry, shown);
            if (is_folder) {
                add_folder(folder.enter(entry.name).value(), below, shown);
            }
        }
    }

    void add_entry(const kernel::LayeredEntry& entry, const std::string& relative) {
        const auto& status = entry.status;
        std::string line = fmt::format("{}\n{}:{:o}:", relative.size(), relative, status.st_mode);
        if (with_owner_) {
            line += fmt::format("{}:{}:", status.st_uid, status.st_gid);
        }
        if (S_ISREG(status.st_mode)) {
            line += digests_ != nullptr ? digests_->of(entry) : FileDigests::compute(entry);
        } else if (S_ISLNK(status.st_mode)) {
            line += read_link(entry);
        } else if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
            line += fmt::format("{}", status.st_rdev);
        }
        sum_.update(line);
    }

    std::string finish() { return sum_.finish_hex(); }

private:
    const SourceTree& tree_;
    const IgnoreRules& exclude_;
    const FileDigests* digests_;
    bool with_owner_;
    Sha256 sum_;
};

}  // namespace

SourceTree::SourceTree(std::vector<std::filesystem::path> layers, IgnoreRules rules, const FileDigests* digests)
    : layers_{std::move(layers)}, rules_{std::move(rules)}, digests_{digests} {}

bool SourceTree::hides(const std::string& path, bool is_folder) const {
    if (rules_.empty() || !rules_.ignores(path)) {
        return false;
    }
    // An ignored folder is there only for what is taken back below it.
    return !is_folder || rules_.can_skip(path) || !shows_below(path);
}

bool SourceTree::shows_below(const std::string& path) const {
    const auto [known, is_new] = shows_below_.try_emplace(path, false);
    if (!is_new) {
        return known->second;
    }
    for (const auto& entry : folder(path).list()) {
        const auto below = joined(path, entry.name);
        const bool folder_with_some = S_ISDIR(entry.status.st_mode) && !rules_.can_skip(below) && shows_below(below);
        if (!rules_.ignores(below) || folder_with_some) {
            return shows_below_[path] = true;
        }
    }
    return false;
}

kernel::LayeredDir SourceTree::folder(const std::string& path) const {
    auto dir = kernel::LayeredDir::root(layers_);
    for (const auto& part : parts_of(path)) {
        auto next = dir.enter(part);
        if (!next) {
            throw Error(Errc::not_found, fmt::format("'{}' is no longer there", path));
        }
        dir = std::move(*next);
    }
    return dir;
}

kernel::LayeredDir SourceTree::parent_of(const Match& match) const {
    return folder(std::filesystem::path{match.path}.parent_path());
}

void SourceTree::expand(const std::string& prefix, const std::string& written, const std::vector<std::string>& parts,
                        size_t next, bool deep, std::vector<Match>& found) const {
    if (next == parts.size()) {
        const auto root = kernel::LayeredDir::root(layers_);
        const auto resolved = kernel::resolve_in_layers(root, prefix);
        const bool is_folder = S_ISDIR(resolved.status.st_mode);
        const auto path = resolved.path.substr(1);
        if (resolved.exists && !hides(path, is_folder)) {
            const auto slash = written.rfind('/');
            found.push_back(
                {path, slash == std::string::npos ? written : written.substr(slash + 1), written, is_folder});
        }
        return;
    }
    if (!has_wildcard(parts[next])) {
        expand(joined(prefix, parts[next]), joined(written, parts[next]), parts, next + 1, deep, found);
        return;
    }
    const auto dir = kernel::open_layered_dir(layers_, "/" + prefix);
    if (!dir) {
        return;
    }
    for (const auto& entry : dir->list()) {
        if (match_path(parts[next], entry.name, false)) {
            expand(joined(prefix, entry.name), joined(written, entry.name), parts, next + 1, deep, found);
        }
    }
}

void SourceTree::expand_deep(const std::string& pattern, const std::string& prefix, std::vector<Match>& found) const {
    for (const auto& entry : folder(prefix).list()) {
        const auto path = joined(prefix, entry.name);
        const bool is_folder = S_ISDIR(entry.status.st_mode);
        if (hides(path, is_folder)) {
            continue;
        }
        if (match_path(pattern, path, true)) {
            found.push_back({path, entry.name, path, is_folder});
        } else if (is_folder) {
            expand_deep(pattern, path, found);
        }
    }
}

std::vector<SourceTree::Match> SourceTree::match(const std::string& pattern, bool deep) const {
    const auto parts = parts_of(pattern);
    std::vector<Match> found;
    if (deep && pattern.find("**") != std::string::npos) {
        expand_deep(join(parts, "/"), "", found);
    } else {
        expand("", "", parts, 0, deep, found);
    }
    if (!found.empty()) {
        return found;
    }
    Error error{Errc::not_found, fmt::format("'{}' is not there", pattern)};
    const auto plain = join(parts, "/");
    if (!has_wildcard(plain) && rules_.ignores(plain)) {
        error.set_hint("the .dockerignore leaves it out");
    }
    throw error;
}

std::string SourceTree::digest(const Match& match, const IgnoreRules& exclude, bool with_owner) const {
    Digester digester{*this, exclude, digests_, with_owner};
    if (match.is_folder) {
        digester.add_folder(folder(match.path), match.path, "");
    } else {
        const auto parent = parent_of(match);
        const auto entry = parent.find(std::filesystem::path{match.path}.filename());
        if (entry) {
            digester.add_entry(*entry, match.name);
        }
    }
    return digester.finish();
}

}  // namespace stack::build
