#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "support/kernel/layered_tree.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::build {

/// Writes into a layer's folder as overlayfs would through a mount, without one: folders of the layers below are
/// mirrored into it with their attributes before something is put in them.
class LayerWriter {
public:
    /// `lower`: layer folders, lowest first. `staged`: the new layer's folder.
    LayerWriter(std::vector<std::filesystem::path> lower, const std::filesystem::path& staged);

    /// Where `path` ends in the image as it is now, links followed inside it.
    kernel::ResolvedPath resolve(const std::string& path) const;

    struct NewFolder {
        std::pair<uid_t, gid_t> owner{0, 0};
        mode_t mode{0755};
        std::optional<timespec> time;
    };
    /// The folder at `path` in the new layer, made with its parents where there is none. Throws Errc::invalid_input if
    /// something else is there.
    UniqueFd ensure_folder(const std::string& path, const NewFolder& fresh);

    /// Gives the mirrored folders the times they had: what lies in them has changed them. Call it last.
    void restore_times() const;

private:
    std::vector<std::filesystem::path> view() const;

    std::vector<std::filesystem::path> lower_;
    std::filesystem::path staged_;
    std::vector<std::pair<std::string, struct stat>> mirrored_;
};

}  // namespace stack::build
