#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "image/archive.hpp"
#include "image/archive_files.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/paths.hpp"

namespace stack::image {

/// The members of an image archive.
class ArchiveIndex final : public ArchiveFiles {
public:
    /// A regular uncompressed file is read where it is; pipes and compressed archives are first written to an unnamed
    /// file below `paths.temporary()`. Borrows `fd`.
    ArchiveIndex(const Paths& paths, int fd, const UnpackLimits& limits);

    bool has(const std::string& name) const override { return find(name) != nullptr; }
    std::int64_t size(const std::string& name) const override;
    std::unique_ptr<tar::Input> open(const std::string& name) const override;

private:
    struct Member {
        std::int64_t offset{0}, size{0};
        std::string link;  ///< the member that this one is a link to
    };
    const Member* find(const std::string& name) const;
    const Member& get(const std::string& name) const;
    void spool(const Paths& paths, const UnpackLimits& limits);
    void scan(std::int64_t size, const UnpackLimits& limits);

    int fd_;
    UniqueFd own_;
    std::map<std::string, Member> members_;
};

}  // namespace stack::image
