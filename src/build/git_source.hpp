#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace stack::build {

/// A tree in a git repository, as build contexts and ADD name it: "https://host/repo.git#ref:folder".
struct GitSource {
    std::string url;     ///< what git would clone
    std::string ref;     ///< branch, tag or commit; empty: the remote's HEAD
    std::string folder;  ///< below the repository's root; empty: all of it

    friend bool operator==(const GitSource&, const GitSource&) = default;
};

/// nullopt if `text` names no repository: git://…, ssh://…, git@host:path, or http(s)://… with a path that ends in
/// ".git" (Docker's "build context" reference, "Git repositories"). "github.com/…" counts as https.
std::optional<GitSource> parse_git_source(std::string_view text);

struct GitCheckout {
    std::string commit;  ///< 40 hex digits
    std::int64_t time_unix{0};
    std::filesystem::path tree;  ///< the wanted folder, below `into`
};

/// Clones into the new folder `into` and checks the ref out, submodules too. Without `keep_git_dir` no .git stays.
/// SSH asks the agent of SSH_AUTH_SOCK. `checksum`: the commit must begin with it.
/// Throws Errc::not_found for refs and folders that are not there, Errc::network with git's own words.
GitCheckout check_out(const GitSource& source, const std::filesystem::path& into, bool keep_git_dir,
                      const std::string& checksum = {});

}  // namespace stack::build
