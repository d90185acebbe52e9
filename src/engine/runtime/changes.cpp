#include "engine/runtime/changes.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "engine/runtime/rootfs.hpp"
#include "support/error.hpp"

namespace stack::runtime {
namespace {

namespace fs = std::filesystem;

/// overlayfs.rst "whiteouts and opaque directories".
bool is_whiteout(const struct stat& info) {
    return S_ISCHR(info.st_mode) && info.st_rdev == 0;
}

bool is_opaque(const fs::path& folder) {
    char value = 0;
    return ::lgetxattr(folder.c_str(), "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

class Comparison {
public:
    Comparison(const LaunchPlan& plan, int image) : upper_{plan.rootfs.upper}, image_{image} {
        for (const MountStep& step : plan.mounts) {
            mounted_.insert(fs::path{step.target}.lexically_normal().string());
        }
        for (const FileStep& file : plan.files) {
            mounted_.insert(fs::path{file.target}.lexically_normal().string());
        }
    }

    std::vector<Change> run() {
        visit("");
        std::sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) { return a.path < b.path; });
        return std::move(changes_);
    }

private:
    bool in_image(const std::string& path, struct stat& info) const {
        return ::fstatat(image_, path.c_str() + 1, &info, AT_SYMLINK_NOFOLLOW) == 0;
    }

    /// Made only so that something can be mounted there or below.
    bool is_mount_place(const std::string& path) const {
        const auto next = mounted_.lower_bound(path);
        return next != mounted_.end() && (*next == path || next->rfind(path + "/", 0) == 0);
    }

    void add(Change::Kind kind, const std::string& path) {
        changes_.push_back({kind, path});
        known_.insert(path);
        // Docker tells the folder in which something changed even if nothing of the folder itself did.
        const std::string parent = path.substr(0, path.rfind('/'));
        if (!parent.empty() && known_.insert(parent).second) {
            changes_.push_back({Change::Kind::modified, parent});
        }
    }

    void visit(const std::string& folder) {
        std::error_code gone;
        for (const auto& entry : fs::directory_iterator(upper_ + folder, gone)) {
            const std::string path = folder + "/" + entry.path().filename().string();
            struct stat info {
            }, below{};
            if (::lstat(entry.path().c_str(), &info) != 0) {
                continue;
            }
            const bool there = in_image(path, below);
            if (is_whiteout(info)) {
                if (there) {
                    add(Change::Kind::deleted, path);
                }
            } else if (S_ISDIR(info.st_mode)) {
                visit_folder(path, entry.path(), info, there, below);
            } else if (!(is_mount_place(path) && !there)) {
                add(there ? Change::Kind::modified : Change::Kind::added, path);
            }
        }
    }

    void visit_folder(const std::string& path, const fs::path& folder, const struct stat& info, bool there,
                      const struct stat& below) {
        if (!there) {
            if (!is_mount_place(path)) {
                add(Change::Kind::added, path);
            }
        } else if (!same_folder(info, below) && !is_mount_place(path)) {
            add(Change::Kind::modified, path);
        }
        if (there && is_opaque(folder)) {
            add_hidden(path);
        }
        visit(path);
    }

    static bool same_folder(const struct stat& a, const struct stat& b) {
        return a.st_mode == b.st_mode && a.st_uid == b.st_uid && a.st_gid == b.st_gid &&
               a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
    }

    /// An opaque folder replaces the image's: what that had and this has not is deleted.
    void add_hidden(const std::string& path) {
        std::error_code gone;
        for (const auto& entry : fs::directory_iterator(fmt::format("/proc/self/fd/{}{}", image_, path), gone)) {
            const std::string child = path + "/" + entry.path().filename().string();
            struct stat info {};
            if (::lstat((upper_ + child).c_str(), &info) != 0) {
                add(Change::Kind::deleted, child);
            }
        }
    }

    std::string upper_;
    int image_;
    std::set<std::string> mounted_, known_;
    std::vector<Change> changes_;
};

}  // namespace

std::vector<Change> container_changes(const LaunchPlan& plan) {
    RootfsPlan image;
    image.layers = plan.rootfs.layers;
    image.mount_point = plan.rootfs.mount_point;
    const UniqueFd root = mount_overlay_detached(image);
    return Comparison{plan, root.get()}.run();
}

}  // namespace stack::runtime
