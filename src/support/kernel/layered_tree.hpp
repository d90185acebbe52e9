#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "support/kernel/unique_fd.hpp"

namespace stack::kernel {

/// A whiteout of overlayfs: a character device 0:0 (Documentation/filesystems/overlayfs.rst "whiteouts and opaque
/// directories").
bool is_whiteout(const struct stat& status) noexcept;
/// Whether the folder behind `fd` carries trusted.overlay.opaque=y. Never throws: no xattr, no mark.
bool is_opaque(int fd) noexcept;

/// One entry of a layered tree: which layer's folder it is seen in. `parent` is borrowed from the LayeredDir that
/// found it.
struct LayeredEntry {
    std::string name;
    int parent{-1};
    struct stat status {};
};

/// A folder of a stack of overlay layers as overlayfs would show it merged, read without a mount. No symbolic link is
/// ever followed, so a hostile layer cannot lead out of itself.
class LayeredDir {
public:
    /// The root of the stack; `layers` are folders, lowest first.
    static LayeredDir root(const std::vector<std::filesystem::path>& layers);

    /// nullopt if there is no such entry.
    std::optional<LayeredEntry> find(const std::string& name) const;
    /// The folder `name`; nullopt if it is not there or not a folder.
    std::optional<LayeredDir> enter(const std::string& name) const;
    /// All entries, sorted by name, without whiteouts.
    std::vector<LayeredEntry> list() const;
    /// The uppermost layer's folder: owner, mode, times and xattrs of the merged one are its.
    int fd() const { return parts_.front().get(); }

private:
    std::vector<UniqueFd> parts_;  ///< uppermost first
};

/// Where a path of a layered tree ends after all symbolic links were followed inside the tree.
struct ResolvedPath {
    std::string path;       ///< "/var/lib/mysql", without links
    struct stat status {};  ///< valid if `exists`
    bool exists{false};     ///< false: `path` is where it would be made (links of the existing part followed)
};

/// Follows `path` as a process chrooted into the tree would; with `follow_last` false the last component may be a link.
/// More than 40 links are ELOOP (SysError), as path_resolution(7) tells.
ResolvedPath resolve_in_layers(const LayeredDir& root, std::string_view path, bool follow_last = true);

/// The folder at `path`, links followed; nullopt if it is not there or not a folder. "/" gives the root again.
std::optional<LayeredDir> open_layered_dir(const std::vector<std::filesystem::path>& layers, std::string_view path);

/// A regular file of the tree, links followed, opened for reading; nullopt if there is none.
std::optional<UniqueFd> open_layered_file(const std::vector<std::filesystem::path>& layers, std::string_view path);

}  // namespace stack::kernel
