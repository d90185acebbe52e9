#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "build/dockerignore.hpp"
#include "build/layer_writer.hpp"
#include "build/source_tree.hpp"

namespace stack::build {

/// One COPY or ADD with everything settled.
struct CopyRequest {
    struct Source {
        const SourceTree* tree{nullptr};
        std::vector<SourceTree::Match> matches;
        bool is_context{true};  ///< from outside the image world: owner is root, xattrs stay behind
        bool unpacked{false};   ///< a tar's content: owners and modes are the tar's, whatever --chown and --chmod say
    };
    std::vector<Source> sources;
    std::string target;  ///< absolute; a slash at its end means a folder
    std::optional<std::pair<uid_t, gid_t>> owner;
    std::string mode_text;  ///< of --chmod; empty: as in the source
    IgnoreRules exclude;
    std::string exclude_text;  ///< for the key
    bool parents{false};
    std::optional<timespec> time;  ///< of everything that is copied; unset: as in the source
};

/// Digest over what the copy's outcome depends on, the layers below left out.
std::string describe_copy(const CopyRequest& request);

/// Writes the copy into the layer folder `staged` above the layers `lower`. `staging` is an empty folder on the same
/// file system. Throws Errc::invalid_input where the target cannot take the source.
void carry_out_copy(const CopyRequest& request, const std::vector<std::filesystem::path>& lower,
                    const std::filesystem::path& staged, const std::filesystem::path& staging);

}  // namespace stack::build
