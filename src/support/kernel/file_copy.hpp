#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <sys/stat.h>

#include "support/kernel/layered_tree.hpp"

namespace stack::kernel {

/// Copies the bytes of a regular file: shared extents where the file system has them (FICLONE), else
/// copy_file_range(2), else sendfile(2). Holes stay holes. Returns the size.
std::uint64_t copy_content(int from, int to, std::int64_t size);

/// Extended attributes of `from` to `to` (both not O_PATH), without overlayfs' own. Those that the target refuses
/// as unsupported are left out.
void copy_xattrs(int from, int to);

/// What copying keeps and changes.
struct CopyOptions {
    std::optional<std::pair<uid_t, gid_t>> owner;  ///< unset: as in the source
    bool keep_existing{false};                     ///< what is there already stays as it is; folders are entered
    bool keep_times{true};
    bool keep_xattrs{true};
    /// Permission bits from those of the source; unset: as they are. Not asked for symbolic links.
    std::function<mode_t(const struct stat&)> mode;
    /// True: leave this one out; `path` is relative to what is being copied, without a leading slash.
    std::function<bool(const std::string& path, bool is_folder)> skip;
    /// Set: every file and folder gets this time.
    std::optional<timespec> time;
};

/// Copies trees of layers into folders of this host; one object per run, so that hard links among what it copied stay.
/// Each file is written under a temporary name in `staging` (same file system) and renamed: under its own name it is
/// always whole.
class TreeCopier {
public:
    TreeCopier(int staging, CopyOptions options) : staging_{staging}, options_{std::move(options)} {}

    /// The content of `source` into the folder `target`, then the attributes of `source` itself onto `target`.
    void copy_folder(const LayeredDir& source, int target);
    /// The same, but `target` keeps its own attributes.
    void copy_content_of(const LayeredDir& source, int target);
    /// One entry of `source`, under the name `as`, into the folder `target`.
    void copy_entry(const LayeredDir& source, const LayeredEntry& entry, int target, const std::string& as);

    std::uint64_t files() const noexcept { return files_; }
    std::uint64_t bytes() const noexcept { return bytes_; }

private:
    void copy_subfolder(const LayeredDir& source, const LayeredEntry& entry, int target, const std::string& as);
    void copy_leaf(const LayeredEntry& entry, int target, const std::string& as);
    bool link_to_earlier(const LayeredEntry& entry, int target, const std::string& as);
    void write_regular(const LayeredEntry& entry, const std::string& temporary);
    void copy_attributes(int from, int to, const struct stat& status) const;
    void set_link_attributes(const std::string& temporary, const struct stat& status) const;
    std::pair<uid_t, gid_t> owner_of(const struct stat& status) const;
    mode_t mode_of(const struct stat& status) const;
    std::array<timespec, 2> times_of(const struct stat& status) const;

    struct Earlier {
        UniqueFd folder;
        std::string name;
    };
    int staging_;
    CopyOptions options_;
    std::string path_;  ///< of the folder being copied, with a slash at its end
    std::map<std::pair<dev_t, ino_t>, Earlier> hard_links_;
    std::uint64_t files_{0}, bytes_{0};
};

}  // namespace stack::kernel
