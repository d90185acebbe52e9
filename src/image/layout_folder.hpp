#pragma once

#include <filesystem>

#include "image/archive_files.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::image {

/// An OCI image layout that lies in a folder. What its names lead to stays below the folder.
class LayoutFolder final : public ArchiveFiles {
public:
    /// Throws Errc::not_found if there is no such folder.
    explicit LayoutFolder(const std::filesystem::path& folder);

    bool has(const std::string& name) const override;
    std::int64_t size(const std::string& name) const override;
    std::unique_ptr<tar::Input> open(const std::string& name) const override;

private:
    UniqueFd root_;
};

}  // namespace stack::image
