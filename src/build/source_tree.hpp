#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "build/dockerignore.hpp"
#include "support/kernel/layered_tree.hpp"

namespace stack::build {

class FileDigests;

/// What COPY reads from: a context folder, a stage or an image; all of them stacks of layers.
class SourceTree {
public:
    /// `layers` lowest first; a context is one layer. `rules` say what is not there.
    SourceTree(std::vector<std::filesystem::path> layers, IgnoreRules rules, const FileDigests* digests);

    /// One source of a COPY, found.
    struct Match {
        std::string path;        ///< in the tree, links followed, without a leading slash; "" is the whole tree
        std::string name;        ///< last component as it was written or matched
        std::string as_written;  ///< path before links were followed, for --parents
        bool is_folder{false};
    };
    /// What `pattern` names: filepath.Match wildcards per component, with `**` if `deep`. Throws Errc::not_found if
    /// nothing is there, with the ignore file as the cause where that is so.
    std::vector<Match> match(const std::string& pattern, bool deep) const;

    /// SHA-256 over names, types, modes, contents and link targets of a match, and over owners with `with_owner`.
    std::string digest(const Match& match, const IgnoreRules& exclude, bool with_owner) const;

    bool has_rules() const noexcept { return !rules_.empty(); }
    /// True for a path of the tree that the rules hide.
    bool hides(const std::string& path, bool is_folder) const;

    const std::vector<std::filesystem::path>& layers() const noexcept { return layers_; }
    /// The folder that holds the match; the match's entry is found in it by its path's last component.
    kernel::LayeredDir parent_of(const Match& match) const;
    kernel::LayeredDir folder(const std::string& path) const;

private:
    bool shows_below(const std::string& folder) const;
    void expand(const std::string& prefix, const std::string& written, const std::vector<std::string>& parts,
                size_t next, bool deep, std::vector<Match>& found) const;
    void expand_deep(const std::string& pattern, const std::string& prefix, std::vector<Match>& found) const;

    std::vector<std::filesystem::path> layers_;
    IgnoreRules rules_;
    const FileDigests* digests_;
    mutable std::map<std::string, bool> shows_below_;  ///< folders that were asked for
};

}  // namespace stack::build
